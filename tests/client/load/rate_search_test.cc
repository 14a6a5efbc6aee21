#include "client/load/rate_search.h"

#include <vector>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::DoubleEq;
using ::testing::Ge;
using ::testing::Le;

// The rates that are tried when all up to `true_rate` pass.
std::vector<double> Tried(RateSearch& search, double true_rate) {
  std::vector<double> tried;
  while (const absl::optional<double> rate = search.Next()) {
    tried.push_back(*rate);
    search.Report(*rate <= true_rate);
  }
  return tried;
}

TEST(RateSearch, DoublesThenBisects) {
  RateSearch search(10, 1e6);
  EXPECT_THAT(Tried(search, 70), ::testing::ElementsAre(10, 20, 40, 80, 60, 70, 75, 72.5));
  EXPECT_EQ(search.best(), absl::make_optional(70.0));
  EXPECT_EQ(search.failed(), absl::make_optional(72.5));
}

TEST(RateSearch, FindsTheRateWithinItsPrecision) {
  for (const double true_rate : {0.3, 1.0, 9.99, 10.0, 123.4, 77777.0}) {
    RateSearch search(10, 1e6);
    const std::vector<double> tried = Tried(search, true_rate);
    ASSERT_TRUE(search.best().has_value()) << true_rate;
    EXPECT_THAT(*search.best(), Le(true_rate));
    EXPECT_THAT(*search.best() * (1 + RateSearch::kPrecision), Ge(true_rate));
    EXPECT_THAT(tried.size(), Le(size_t{RateSearch::kMostTrials}));
  }
}

TEST(RateSearch, HasNoRateIfNothingPasses) {
  RateSearch search(10, 1e6);
  const std::vector<double> tried = Tried(search, 0);
  EXPECT_FALSE(search.best().has_value());
  EXPECT_EQ(tried, (std::vector<double>{10, 5, 2.5, 1.25, 0.625, 0.3125, 0.15625}));
}

TEST(RateSearch, TriesNothingAboveTheHighest) {
  RateSearch search(10, 35);
  EXPECT_EQ(Tried(search, 1e9), (std::vector<double>{10, 20, 35}));
  EXPECT_EQ(search.best(), absl::make_optional(35.0));
  RateSearch low(10, 3);
  EXPECT_THAT(low.Next(), ::testing::Optional(DoubleEq(3)));
}

}  // namespace
}  // namespace edgenext
