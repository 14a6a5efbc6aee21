#include "server/batching/service_time.h"

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

MonotonicTime At(int milliseconds) { return MonotonicTime::FromDuration(absl::Milliseconds(milliseconds)); }

class ServiceTimeTest : public ::testing::Test {
 protected:
  void Observe(int images, absl::Duration each) {
    for (int i = 0; i < images; ++i) time_.Observe(each, At(now_ += 10));
  }
  double milliseconds() const { return absl::ToDoubleMilliseconds(time_.average()); }

  ServiceTime time_;
  int now_ = 0;
};

TEST_F(ServiceTimeTest, BeginsWithTheGuessOrTheFirstImage) {
  EXPECT_EQ(time_.average(), absl::ZeroDuration());
  Observe(1, absl::Milliseconds(7));
  EXPECT_EQ(milliseconds(), 7);
  time_.Set(absl::Milliseconds(20));
  EXPECT_EQ(milliseconds(), 20);
}

TEST_F(ServiceTimeTest, FollowsTheImagesOfAboutFifty) {
  time_.Set(absl::Milliseconds(20));
  Observe(1, absl::Milliseconds(30));
  EXPECT_NEAR(milliseconds(), 20.2, 1e-6);
  Observe(49, absl::Milliseconds(30));
  EXPECT_NEAR(milliseconds(), 30 - 10 * 0.364170, 1e-4);  // 0.98^50
  Observe(1000, absl::Milliseconds(30));
  EXPECT_NEAR(milliseconds(), 30, 1e-4) << "to the 50 ticks of absl::Duration that a fiftieth needs";
}

TEST_F(ServiceTimeTest, IsTheMeanOfAMix) {
  time_.Set(absl::Milliseconds(20));
  for (int i = 0; i < 500; ++i) {
    Observe(1, absl::Milliseconds(10));
    Observe(1, absl::Milliseconds(20));
  }
  EXPECT_NEAR(milliseconds(), 15, 0.2);
}

TEST_F(ServiceTimeTest, OneOutlierMovesItLittle) {
  time_.Set(absl::Milliseconds(20));
  Observe(1, absl::Seconds(100));
  EXPECT_NEAR(milliseconds(), 20 * 1.04, 1e-6);
}

TEST_F(ServiceTimeTest, ButItFollowsWhatIsSlowForGood) {
  time_.Set(absl::Milliseconds(10));
  Observe(18, absl::Seconds(100));
  EXPECT_NEAR(milliseconds(), 20, 0.5);
  Observe(1000, absl::Milliseconds(500));
  EXPECT_NEAR(milliseconds(), 500, 1);
}

TEST_F(ServiceTimeTest, AfterASilenceAShorterTimeCountsForMore) {
  time_.Set(absl::Milliseconds(40));
  EXPECT_TRUE(time_.IsStale(At(0))) << "nothing was ever observed";
  Observe(1, absl::Milliseconds(40));
  EXPECT_FALSE(time_.IsStale(At(now_ + 1000)));
  EXPECT_TRUE(time_.IsStale(At(now_ + 1001)));
  now_ += 1001;
  Observe(1, absl::Milliseconds(20));
  EXPECT_NEAR(milliseconds(), 35, 1e-6);
  Observe(1, absl::Milliseconds(25));
  EXPECT_NEAR(milliseconds(), 34.8, 1e-6) << "the next one counts as always";
  now_ += 2000;
  Observe(1, absl::Milliseconds(44.8));
  EXPECT_NEAR(milliseconds(), 35, 1e-6) << "and so does a longer one";
}

}  // namespace
}  // namespace edgenext::serving
