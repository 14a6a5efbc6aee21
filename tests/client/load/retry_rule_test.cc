#include "client/load/retry_rule.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr absl::Duration kLong = absl::Hours(1);

ServerError Refused(absl::optional<absl::Duration> delay = {}) {
  ServerError error;
  error.status = absl::ResourceExhaustedError("full");
  error.retry_delay = delay;
  return error;
}

TEST(RetryDelay, WaitsForWhatTheServerSays) {
  const ServerError error = Refused(absl::Milliseconds(37));
  EXPECT_THAT(RetryDelay(error, 1, 2, kLong, 0.9), Optional(absl::Milliseconds(37)));
  EXPECT_THAT(RetryDelay(error, 4, 5, kLong, 0.1), Optional(absl::Milliseconds(37)));
}

TEST(RetryDelay, BacksOffWhereTheServerSaysNothing) {
  const auto at = [](int attempt, double random) {
    return RetryDelay(Refused(), attempt, 100, kLong, random);
  };
  EXPECT_THAT(at(1, 0.5), Optional(absl::Milliseconds(50)));
  EXPECT_THAT(at(2, 0.5), Optional(absl::Milliseconds(100)));
  EXPECT_THAT(at(3, 0.25), Optional(absl::Milliseconds(100)));
  EXPECT_THAT(at(5, 0.5), Optional(absl::Milliseconds(500)));  // 1.6 s is over the longest
  EXPECT_THAT(at(50, 0.5), Optional(absl::Milliseconds(500)));
  EXPECT_THAT(at(1, 0), Optional(absl::ZeroDuration()));
}

TEST(RetryDelay, HeedsARefusal) {
  ServerError error = Refused();
  error.retry_refused = true;
  EXPECT_THAT(RetryDelay(error, 1, 5, kLong, 0.5), Eq(absl::nullopt));
}

TEST(RetryDelay, StopsAtTheLastAttemptAndTheDeadline) {
  const ServerError error = Refused(absl::Milliseconds(10));
  EXPECT_THAT(RetryDelay(error, 5, 5, kLong, 0.5), Eq(absl::nullopt));
  EXPECT_THAT(RetryDelay(error, 1, 1, kLong, 0.5), Eq(absl::nullopt));
  EXPECT_THAT(RetryDelay(error, 1, 5, absl::Milliseconds(10), 0.5), Eq(absl::nullopt));
  EXPECT_THAT(RetryDelay(error, 1, 5, absl::Milliseconds(11), 0.5), Optional(absl::Milliseconds(10)));
  EXPECT_THAT(RetryDelay(error, 1, 5, -absl::Milliseconds(1), 0.5), Eq(absl::nullopt));
}

TEST(RetryDelay, OnlyRefusalsAreTriedAgain) {
  ServerError error = Refused(absl::Milliseconds(10));
  error.status = absl::UnavailableError("draining");
  EXPECT_THAT(RetryDelay(error, 1, 2, kLong, 0.5), Optional(absl::Milliseconds(10)));
  for (const absl::Status& status : {absl::InvalidArgumentError(""), absl::InternalError(""),
                                     absl::DeadlineExceededError(""), absl::CancelledError("")}) {
    error.status = status;
    EXPECT_THAT(RetryDelay(error, 1, 2, kLong, 0.5), Eq(absl::nullopt)) << status;
  }
}

}  // namespace
}  // namespace edgenext
