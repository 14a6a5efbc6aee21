#include "server/pipeline/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(TopKTest, FallsAndKeepsTheOrderOfEqualValues) {
  EXPECT_THAT(TopK({1, 5, 3, 5, 3, 5}, 6), ElementsAre(1, 3, 5, 2, 4, 0));
  EXPECT_THAT(TopK({1, 5, 3, 5, 3, 5}, 2), ElementsAre(1, 3));
  EXPECT_THAT(TopK({1, 5, 3, 5, 3, 5}, 4), ElementsAre(1, 3, 5, 2));
  EXPECT_THAT(TopK({0.0f, -0.0f}, 2), ElementsAre(0, 1));
}

TEST(TopKTest, ClampsK) {
  EXPECT_THAT(TopK({2, 1}, 5), ElementsAre(0, 1));
  EXPECT_THAT(TopK({2, 1}, 0), IsEmpty());
  EXPECT_THAT(TopK({2, 1}, -3), IsEmpty());
  EXPECT_THAT(TopK({}, 5), IsEmpty());
}

TEST(TopKTest, NanComesLast) {
  EXPECT_THAT(TopK({kNan, -kInfinity, kNan, kInfinity, 0}, 5), ElementsAre(3, 4, 1, 0, 2));
  EXPECT_THAT(TopK({kNan, kNan, 7}, 1), ElementsAre(2));
}

TEST(TopKTest, AgreesWithAStableSort) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<float> values(std::uniform_int_distribution<size_t>(1, 60)(random));
    // Few different values, so that many are equal.
    for (float& value : values) value = static_cast<float>(std::uniform_int_distribution<int>(-4, 4)(random));
    std::vector<int> expected(values.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&](int a, int b) {
      return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
    });
    const int k = std::uniform_int_distribution<int>(1, static_cast<int>(values.size()))(random);
    expected.resize(static_cast<size_t>(k));
    EXPECT_EQ(TopK(values, k), expected);
  }
}

std::vector<float> SoftmaxOf(const std::vector<float>& logits) {
  std::vector<float> probabilities(logits.size(), kNan);
  Softmax(logits, absl::MakeSpan(probabilities));
  return probabilities;
}

// The largest relative error: the float32 difference to the maximum is at most 88 before a probability
// vanishes, so its rounding moves the exponential by 88 * eps / 2; exp, the product and the scale round once
// or twice each.
constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

TEST(SoftmaxTest, AgreesWithFloat64) {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    std::vector<float> logits(std::uniform_int_distribution<size_t>(1, 3000)(random));
    for (float& logit : logits) logit = std::normal_distribution<float>(0, 5)(random);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    const std::vector<float> probabilities = SoftmaxOf(logits);
    double total = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double expected = std::exp(static_cast<double>(logits[i])) / sum;
      ASSERT_NEAR(probabilities[i], expected, 48 * kEpsilon * expected) << i;
      total += static_cast<double>(probabilities[i]);
    }
    EXPECT_NEAR(total, 1, 48 * kEpsilon);
  }
}

TEST(SoftmaxTest, DoesNotOverflowOrUnderflow) {
  EXPECT_THAT(SoftmaxOf({3e38f, 3e38f}), ElementsAre(0.5f, 0.5f));
  EXPECT_THAT(SoftmaxOf({-3e38f, 3e38f}), ElementsAre(0.0f, 1.0f));
  EXPECT_THAT(SoftmaxOf({-3e38f, -3e38f, -3e38f, -3e38f}), Each(0.25f));
  EXPECT_THAT(SoftmaxOf({42}), ElementsAre(1.0f));
  EXPECT_THAT(SoftmaxOf({}), IsEmpty());
}

TEST(SoftmaxTest, WorksInPlace) {
  std::vector<float> values = {0, 0};
  Softmax(values, absl::MakeSpan(values));
  EXPECT_THAT(values, ElementsAre(0.5f, 0.5f));
}

}  // namespace
}  // namespace edgenext::serving
