#include "model/image/resample_plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace edgenext {
namespace {

int32_t Coefficient(const kernels::ResampleAxis& axis, size_t output, size_t tap) {
  const size_t at = output * axis.stride + tap;
  return axis.high[at] * 4096 + axis.low[at];
}

TEST(ResamplePlanTest, EqualSizesAreACopyOfTheCrop) {
  ResamplePlan plan;
  plan.Make({300, 300, 22, 256});
  EXPECT_TRUE(plan.is_copy());
  EXPECT_EQ(plan.first_input(), 22);
  EXPECT_EQ(plan.input_count(), 256);
}

// Halving: the filter reaches 4 inputs to either side. Weights of Keys' filter at odd quarters, by hand:
// w(1/4) = 111/128, w(3/4) = 29/128, w(5/4) = -9/128, w(7/4) = -3/128; they sum to one once halved.
TEST(ResamplePlanTest, HalvesWithTheWidenedBicubicFilter) {
  ResamplePlan plan;
  plan.Make({64, 32, 0, 32});
  const kernels::ResampleAxis axis = plan.axis();
  ASSERT_EQ(axis.size, 32);
  EXPECT_EQ(axis.first[16], 29);
  ASSERT_EQ(axis.taps[16], 8);
  const int halves[] = {-3, -9, 29, 111, 111, 29, -9, -3};
  for (size_t k = 0; k < 8; ++k) EXPECT_EQ(Coefficient(axis, 16, k), halves[k] * (1 << 22) / 256) << k;
}

TEST(ResamplePlanTest, CoefficientsSumToOne) {
  ResamplePlan plan;
  for (const int input : {1, 2, 3, 97, 500, 4000}) {
    plan.Make({input, 269, 6, 256});
    const kernels::ResampleAxis axis = plan.axis();
    for (size_t i = 0; i < 256; ++i) {
      int32_t sum = 0;
      for (size_t k = 0; k < axis.stride; ++k) sum += Coefficient(axis, i, k);
      // Each coefficient is rounded by half a unit at most.
      ASSERT_LE(std::abs(sum - (1 << 22)), axis.taps[i] / 2 + 1) << input << " inputs, output " << i;
      ASSERT_LE(axis.first[i] + axis.taps[i], plan.input_count());
    }
  }
}

// The middle of a line of pixels that is blown up 269 times needs a handful of them.
TEST(ResamplePlanTest, ReadsOnlyWhatTheCropNeeds) {
  ResamplePlan plan;
  plan.Make({16384, 4407296, 2203520, 256});
  EXPECT_GE(plan.first_input(), 8189);
  EXPECT_LE(plan.input_count(), 6);
  EXPECT_EQ(plan.axis().stride, 8u);

  plan.Make({4000, 358, 51, 256});
  EXPECT_NEAR(plan.first_input(), 4000.0 * 51 / 358, 24);
  EXPECT_NEAR(plan.input_count(), 4000.0 * 256 / 358, 48);
}

TEST(ResamplePlanTest, IsMadeAnew) {
  ResamplePlan reused;
  reused.Make({4000, 358, 51, 256});
  reused.Make({97, 269, 6, 64});
  ResamplePlan fresh;
  fresh.Make({97, 269, 6, 64});
  const kernels::ResampleAxis a = reused.axis();
  const kernels::ResampleAxis b = fresh.axis();
  ASSERT_EQ(a.size, b.size);
  ASSERT_EQ(a.stride, b.stride);
  EXPECT_EQ(reused.first_input(), fresh.first_input());
  EXPECT_EQ(reused.input_count(), fresh.input_count());
  EXPECT_EQ(std::vector<int16_t>(a.high, a.high + 64 * a.stride),
            std::vector<int16_t>(b.high, b.high + 64 * b.stride));
  EXPECT_EQ(std::vector<int16_t>(a.low, a.low + 64 * a.stride),
            std::vector<int16_t>(b.low, b.low + 64 * b.stride));
}

}  // namespace
}  // namespace edgenext
