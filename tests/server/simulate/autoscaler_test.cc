#include "server/simulate/autoscaler.h"

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

MonotonicTime At(int seconds) { return MonotonicTime::FromDuration(absl::Seconds(seconds)); }

Autoscaler::Options Options() {
  Autoscaler::Options options;
  options.target = 0.5;
  options.least = 2;
  options.most = 20;
  return options;
}

struct Case {
  int current;
  double metric;
  int expected;
};

// ceil(current x metric / target), computed by hand for a target of 0.5 and limits of 2 and 20.
TEST(AutoscalerTest, ScalesUpByTheFormula) {
  const Case cases[] = {
      {4, 0.50, 4},    // as it should be
      {4, 0.549, 4},   // 1.098: tolerated
      {4, 0.551, 5},   // 1.102: 4.408
      {4, 0.75, 6},    // 4 x 1.5, no rounding
      {4, 0.76, 7},    // 4 x 1.52 = 6.08
      {4, 1.00, 8},    // twice as many
      {4, 5.00, 8},    // 40, but at most 4 more or twice as many at once
      {2, 5.00, 6},    // 20, but at most 4 more
      {12, 1.00, 20},  // 24, but at most 20 at all
  };
  for (const Case& c : cases) {
    Autoscaler scaler(Options());
    EXPECT_EQ(scaler.Decide(At(0), c.current, c.metric), c.expected) << c.current << " at " << c.metric;
  }
}

TEST(AutoscalerTest, ToleratesBelowTheTargetToo) {
  Autoscaler::Options options = Options();
  options.stabilisation = absl::ZeroDuration();
  const Case cases[] = {
      {10, 0.46, 10},  // 0.92
      {10, 0.44, 9},   // 8.8: up to 9
      {10, 0.05, 9},   // 1, but one a minute
      {2, 0.01, 2},    // never below the least
  };
  for (const Case& c : cases) {
    Autoscaler scaler(options);
    scaler.Decide(At(0), c.current, 0.5);
    EXPECT_EQ(scaler.Decide(At(15), c.current, c.metric), c.expected) << c.current << " at " << c.metric;
  }
}

// Load that falls at 0: the first replica goes when the last word of before is older than 300 s.
TEST(AutoscalerTest, ScalesDownToTheLargestOfTheStabilisationTime) {
  Autoscaler scaler(Options());
  EXPECT_EQ(scaler.Decide(At(0), 8, 0.5), 8);
  for (int t = 15; t <= 300; t += 15) EXPECT_EQ(scaler.Decide(At(t), 8, 0.25), 8) << t;
  EXPECT_EQ(scaler.Decide(At(315), 8, 0.25), 7);
}

TEST(AutoscalerTest, ADipDoesNotScaleDownAndARiseIsFollowedAtOnce) {
  Autoscaler scaler(Options());
  EXPECT_EQ(scaler.Decide(At(0), 8, 0.5), 8);
  EXPECT_EQ(scaler.Decide(At(15), 8, 0.1), 8);
  EXPECT_EQ(scaler.Decide(At(30), 8, 0.7), 12);
  // What was wanted in the dip is not gone back to: 12 is the largest of the last 300 s.
  EXPECT_EQ(scaler.Decide(At(45), 12, 0.1), 12);
}

TEST(AutoscalerTest, RemovesNoMoreThanItMayInAMinute) {
  Autoscaler::Options options = Options();
  options.stabilisation = absl::ZeroDuration();
  Autoscaler scaler(options);
  int current = scaler.Decide(At(0), 10, 0.5);
  const int expected[] = {9, 9, 9, 9, 8, 8, 8, 8, 7};  // at 15, 30, … 135 s
  for (int i = 0; i < 9; ++i) {
    current = scaler.Decide(At(15 * (i + 1)), current, 0.05);
    EXPECT_EQ(current, expected[i]) << 15 * (i + 1) << " s";
  }
}

}  // namespace
}  // namespace edgenext::serving
