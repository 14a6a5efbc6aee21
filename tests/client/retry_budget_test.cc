#include "client/retry_budget.h"

#include "gtest/gtest.h"

namespace edgenext {
namespace {

int RetriesAllowed(RetryBudget& budget) {
  int retries = 0;
  while (budget.RecordFailure()) ++retries;
  return retries;
}

TEST(RetryBudget, StopsAtHalfTheBucket) {
  RetryBudget budget(20);
  EXPECT_EQ(RetriesAllowed(budget), 9);
  EXPECT_EQ(budget.tokens(), 10);
}

TEST(RetryBudget, TenSuccessesPayForOneRetry) {
  RetryBudget budget(20);
  RetriesAllowed(budget);
  for (int i = 0; i < 10; ++i) budget.RecordSuccess();
  EXPECT_FALSE(budget.RecordFailure()) << "back at half the bucket";
  for (int i = 0; i < 11; ++i) budget.RecordSuccess();
  EXPECT_TRUE(budget.RecordFailure()) << "just above it";
  EXPECT_FALSE(budget.RecordFailure());
}

TEST(RetryBudget, NeverHoldsMoreThanTheBucket) {
  RetryBudget budget(4);
  for (int i = 0; i < 1000; ++i) budget.RecordSuccess();
  EXPECT_EQ(budget.tokens(), 4);
  EXPECT_EQ(RetriesAllowed(budget), 1);
}

TEST(RetryBudget, NeverOwesTokens) {
  RetryBudget budget(2);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(budget.RecordFailure());
  EXPECT_EQ(budget.tokens(), 0);
}

TEST(Backoff, DoublesUpToTheLongest) {
  Backoff backoff({absl::Milliseconds(100), absl::Milliseconds(350)}, [] { return 0.5; });
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(200));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(350));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(350));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
}

TEST(Backoff, SpreadsByAFifthEitherWay) {
  const auto first_wait = [](double random) {
    return Backoff({absl::Milliseconds(100), absl::Seconds(1)}, [random] { return random; }).Next();
  };
  EXPECT_NEAR(absl::ToDoubleMilliseconds(first_wait(0)), 80, 1e-6);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(first_wait(1)), 120, 1e-6);
}

}  // namespace
}  // namespace edgenext
