#include "model/base/clock.h"

#include <thread>
#include <vector>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

TEST(MonotonicTimeTest, IsOrderedAndMovedByDurations) {
  const MonotonicTime t = MonotonicTime::FromDuration(absl::Seconds(10));
  EXPECT_EQ(t + absl::Seconds(5) - t, absl::Seconds(5));
  EXPECT_EQ((t - absl::Seconds(3)).since_start(), absl::Seconds(7));
  const std::vector<MonotonicTime> ascending = {MonotonicTime(), t - absl::Hours(100), t,
                                                t + absl::Nanoseconds(1), MonotonicTime::InfiniteFuture()};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(ascending[i] < ascending[j], i < j);
      EXPECT_EQ(ascending[i] > ascending[j], i > j);
      EXPECT_EQ(ascending[i] <= ascending[j], i <= j);
      EXPECT_EQ(ascending[i] >= ascending[j], i >= j);
      EXPECT_EQ(ascending[i] == ascending[j], i == j);
      EXPECT_EQ(ascending[i] != ascending[j], i != j);
    }
  }
}

TEST(MonotonicTimeTest, InfiniteFutureStaysThere) {
  const MonotonicTime never = MonotonicTime::InfiniteFuture();
  EXPECT_EQ(never + absl::Hours(1), never);
  EXPECT_EQ(never - absl::Hours(1), never);
  EXPECT_EQ(never - MonotonicTime::FromDuration(absl::Seconds(1)), absl::InfiniteDuration());
}

TEST(RealClockTest, NeverGoesBack) {
  const Clock& clock = Clock::Real();
  MonotonicTime last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const MonotonicTime now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

// The lock is held before and after every wait.
class RealClockWaitTest : public ::testing::Test {
 protected:
  Clock& clock_ = Clock::Real();
  std::mutex mutex_;
  std::condition_variable changed_;
};

TEST_F(RealClockWaitTest, ReturnsAtOnceWhenTheDeadlineHasPassed) {
  std::unique_lock<std::mutex> lock(mutex_);
  clock_.WaitUntil(changed_, lock, MonotonicTime());
  clock_.WaitUntil(changed_, lock, clock_.Now());
  EXPECT_TRUE(lock.owns_lock());
}

TEST_F(RealClockWaitTest, ReachesTheDeadline) {
  const MonotonicTime deadline = clock_.Now() + absl::Milliseconds(2);
  std::unique_lock<std::mutex> lock(mutex_);
  while (clock_.Now() < deadline) clock_.WaitUntil(changed_, lock, deadline);
  EXPECT_TRUE(lock.owns_lock());
}

TEST_F(RealClockWaitTest, IsWokenBeforeADeadlineThatNeverComes) {
  bool done = false;
  std::thread waker([&] {
    const std::lock_guard<std::mutex> lock(mutex_);
    done = true;
    changed_.notify_one();
  });
  {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!done) clock_.WaitUntil(changed_, lock, MonotonicTime::InfiniteFuture());
    EXPECT_TRUE(lock.owns_lock());
  }
  waker.join();
}

}  // namespace
}  // namespace edgenext
