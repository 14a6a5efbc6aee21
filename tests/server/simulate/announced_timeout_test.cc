#include "server/simulate/announced_timeout.h"

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

absl::Duration Announced(double deadline_ms, double now_ms) {
  return AnnouncedTimeout(MonotonicTime::FromDuration(absl::Milliseconds(deadline_ms)),
                          MonotonicTime::FromDuration(absl::Milliseconds(now_ms)));
}

TEST(AnnouncedTimeoutTest, IsInWholeMillisecondsBelowASecond) {
  EXPECT_EQ(Announced(105, 5), absl::Milliseconds(100));
  EXPECT_EQ(Announced(105.25, 5.5), absl::Milliseconds(101));
  EXPECT_EQ(Announced(105.25, 5.25), absl::Milliseconds(101));
  EXPECT_EQ(Announced(105.5, 6.0), absl::Milliseconds(100));
  EXPECT_EQ(Announced(999, 0), absl::Milliseconds(999));
}

TEST(AnnouncedTimeoutTest, HasThreeDigitsFromASecondOn) {
  EXPECT_EQ(Announced(1000, 0), absl::Milliseconds(1000));
  EXPECT_EQ(Announced(1000.25, 0.5), absl::Milliseconds(1010));
  EXPECT_EQ(Announced(9991, 0), absl::Milliseconds(10'000));
  EXPECT_EQ(Announced(10'001, 0), absl::Milliseconds(10'100));
  EXPECT_EQ(Announced(123'400, 0), absl::Seconds(124));
}

TEST(AnnouncedTimeoutTest, NoDeadlineIsNone) {
  EXPECT_EQ(AnnouncedTimeout(MonotonicTime::InfiniteFuture(), MonotonicTime::FromDuration(absl::Seconds(3))),
            absl::InfiniteDuration());
}

}  // namespace
}  // namespace edgenext::serving
