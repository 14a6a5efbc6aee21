#include "client/load/distribution.h"

#include <algorithm>
#include <vector>

#include "client/load/random.h"
#include "gmock/gmock.h"

namespace edgenext {
namespace {

// By the definition: the least value that at least so many in a hundred do not exceed, found by counting.
double CountedPercentile(const std::vector<uint32_t>& values, double percent) {
  std::vector<uint32_t> candidates = values;
  std::sort(candidates.begin(), candidates.end());
  for (const uint32_t candidate : candidates) {
    const auto below =
        std::count_if(values.begin(), values.end(), [&](uint32_t v) { return v <= candidate; });
    if (100 * static_cast<double>(below) >= percent * static_cast<double>(values.size()))
      return candidate / 1000.0;
  }
  return 0;
}

TEST(Distribution, PercentilesAreThoseOfTheDefinition) {
  Random random(3);
  for (const size_t size : {1U, 2U, 3U, 10U, 99U, 100U, 101U, 1000U}) {
    std::vector<uint32_t> values;
    for (size_t i = 0; i < size; ++i) values.push_back(static_cast<uint32_t>(random.Bits() % 500));
    const Distribution distribution(values);
    for (const double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 95.0, 99.0, 100.0}) {
      EXPECT_EQ(distribution.Percentile(percent), CountedPercentile(values, percent))
          << percent << " of " << size;
    }
  }
}

TEST(Distribution, ARankThatIsWholeIsNotRoundedUp) {
  std::vector<uint32_t> values;
  for (uint32_t i = 1; i <= 1000; ++i) values.push_back(1000 * i);
  const Distribution distribution(values);
  // 99.9 / 100 * 1000 is not exactly 999 in floating point.
  EXPECT_EQ(distribution.Percentile(99.9), 999);
  EXPECT_EQ(distribution.Percentile(99), 990);
  EXPECT_EQ(distribution.Percentile(50), 500);
  EXPECT_EQ(distribution.Max(), 1000);
  EXPECT_EQ(distribution.Mean(), 500.5);
}

TEST(Distribution, OfNothingIsZero) {
  const Distribution empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.Percentile(99), 0);
  EXPECT_EQ(empty.Mean(), 0);
  EXPECT_EQ(empty.Max(), 0);
}

TEST(Distribution, LargeTimesDoNotOverflow) {
  const Distribution distribution(std::vector<uint32_t>(3, 4'000'000'000U));
  EXPECT_EQ(distribution.Mean(), 4'000'000);
}

}  // namespace
}  // namespace edgenext
