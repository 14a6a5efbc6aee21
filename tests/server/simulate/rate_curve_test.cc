#include "server/simulate/rate_curve.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;

RateCurve Make(std::vector<RateCurve::Point> points, absl::Duration period = absl::ZeroDuration()) {
  return RateCurve::Make(std::move(points), period).value();
}
double AdvanceSeconds(const RateCurve& curve, double from, double count) {
  return absl::ToDoubleSeconds(curve.Advance(absl::Seconds(from), count));
}

TEST(RateCurveTest, AConstantRateSpacesEvenly) {
  const RateCurve curve = RateCurve::Constant(4);
  EXPECT_DOUBLE_EQ(AdvanceSeconds(curve, 3, 1), 3.25);
  EXPECT_DOUBLE_EQ(curve.RateAt(absl::Hours(5)), 4);
}

TEST(RateCurveTest, ARampGivesTheAreaUnderIt) {
  // From 0 to 10 a second in 10 s, then 10: t^2 / 2 requests by t.
  const RateCurve curve = Make({{absl::ZeroDuration(), 0}, {absl::Seconds(10), 10}});
  EXPECT_DOUBLE_EQ(AdvanceSeconds(curve, 0, 8), 4);
  EXPECT_NEAR(AdvanceSeconds(curve, 4, 24.5 - 8), 7, 1e-9);
  EXPECT_NEAR(AdvanceSeconds(curve, 0, 50 + 20), 12, 1e-9);
  EXPECT_DOUBLE_EQ(curve.RateAt(absl::Seconds(2.5)), 2.5);
}

TEST(RateCurveTest, AStepChangesAtOnce) {
  const RateCurve curve = Make({{absl::ZeroDuration(), 1}, {absl::Seconds(10), 1}, {absl::Seconds(10), 5}});
  EXPECT_DOUBLE_EQ(AdvanceSeconds(curve, 9, 1), 10);
  EXPECT_DOUBLE_EQ(AdvanceSeconds(curve, 9, 2), 10.2);
  EXPECT_DOUBLE_EQ(curve.RateAt(absl::Seconds(9.99)), 1);
  EXPECT_DOUBLE_EQ(curve.RateAt(absl::Seconds(10)), 5);
}

TEST(RateCurveTest, ASawToothRepeats) {
  const RateCurve curve = Make({{absl::ZeroDuration(), 0}, {absl::Seconds(10), 2}}, absl::Seconds(10));
  // 10 requests in each period, of which t^2 / 10 by t.
  EXPECT_NEAR(AdvanceSeconds(curve, 0, 30 + 2.5), 35, 1e-9);
  EXPECT_NEAR(AdvanceSeconds(curve, 35, 7.5 + 0.1), 41, 1e-9);
  EXPECT_DOUBLE_EQ(curve.RateAt(absl::Seconds(45)), 1);
}

TEST(RateCurveTest, FallingToZeroEndsIt) {
  const RateCurve curve = Make({{absl::ZeroDuration(), 10}, {absl::Seconds(2), 0}});
  EXPECT_NEAR(AdvanceSeconds(curve, 0, 9.9999), 2 - 2 * std::sqrt(1 - 0.99999), 1e-6);
  EXPECT_EQ(curve.Advance(absl::ZeroDuration(), 11), absl::InfiniteDuration());
}

TEST(RateCurveTest, SaysWhatIsWrong) {
  const auto error = [](std::vector<RateCurve::Point> points, absl::Duration period) {
    return std::string(RateCurve::Make(std::move(points), period).status().message());
  };
  EXPECT_THAT(error({}, {}), HasSubstr("not at 0s"));
  EXPECT_THAT(error({{absl::Seconds(1), 1}}, {}), HasSubstr("not at 0s"));
  EXPECT_THAT(error({{absl::ZeroDuration(), -1}}, {}), HasSubstr("is -1, expected 0 or more"));
  EXPECT_THAT(error({{absl::ZeroDuration(), 0}}, {}), HasSubstr("always 0"));
  EXPECT_THAT(error({{absl::ZeroDuration(), 1}, {absl::Seconds(2), 1}, {absl::Seconds(1), 1}}, {}),
              HasSubstr("1s comes after 2s"));
  EXPECT_THAT(error({{absl::ZeroDuration(), 1}, {absl::Seconds(2), 1}}, absl::Seconds(1)),
              HasSubstr("period is 1s, expected at least its last point's 2s"));
  EXPECT_THAT(
      error({{absl::ZeroDuration(), 0}, {absl::Seconds(2), 0}, {absl::Seconds(2), 1}}, absl::Seconds(2)),
      HasSubstr("no request arrives"));
}

}  // namespace
}  // namespace edgenext::serving
