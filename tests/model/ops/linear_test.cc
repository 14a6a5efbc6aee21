// Linear layers of the networks' shapes against float64 loops.

#include "model/ops/linear.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/model/ops/op_runner.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::ops {
namespace {

using edgenext::testing::StatusIs;
using ::testing::HasSubstr;

double Activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kHardswish:
      return x * std::clamp(x + 3, 0.0, 6.0) / 6;
  }
  return x;
}

LinearSpec Spec(int rows, int inputs, int outputs, Activation activation = Activation::kNone,
                bool accumulate = false) {
  LinearSpec spec;
  spec.rows = rows;
  spec.inputs = inputs;
  spec.outputs = outputs;
  spec.activation = activation;
  spec.accumulate = accumulate;
  return spec;
}

// Rounding errors of a sum of `length` products, which grow with the root of it; and oneDNN's erf.
double Tolerance(int length) { return 4 * FLT_EPSILON * std::sqrt(static_cast<double>(length)) + 5e-7; }

class LinearTest : public ::testing::TestWithParam<LinearSpec> {};

TEST_P(LinearTest, EqualsFloat64) {
  const LinearSpec& spec = GetParam();
  const Tensor source = RandomTensor({spec.rows, spec.inputs}, 1);
  Tensor weight = RandomTensor({spec.outputs, spec.inputs}, 2);
  for (float& value : weight.values) value *= std::sqrt(3.0f / static_cast<float>(spec.inputs));
  const Tensor bias = RandomTensor({spec.outputs}, 3);
  const Tensor before = RandomTensor({spec.rows, spec.outputs}, 4);
  Tensor destination = before;
  Packer packer(kernels::BestIsa());
  ASSERT_OK_AND_ASSIGN(const Linear linear, Linear::Make(packer, spec, weight, bias));
  RunOp(packer, linear, source, &destination);

  for (int r = 0; r < spec.rows; ++r) {
    for (int o = 0; o < spec.outputs; ++o) {
      double sum = double{bias.values[static_cast<size_t>(o)]};
      for (int i = 0; i < spec.inputs; ++i) {
        sum += double{source.values[static_cast<size_t>(r * spec.inputs + i)]} *
               double{weight.values[static_cast<size_t>(o * spec.inputs + i)]};
      }
      const auto at = static_cast<size_t>(r * spec.outputs + o);
      const double expected =
          Activate(spec.activation, sum) + (spec.accumulate ? double{before.values[at]} : 0.0);
      ASSERT_NEAR(double{destination.values[at]}, expected, Tolerance(spec.inputs)) << r << ", " << o;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LinearTest,
    ::testing::Values(Spec(64, 24, 96, Activation::kGelu), Spec(64, 96, 24, Activation::kNone, true),
                      Spec(63, 88, 352, Activation::kGelu), Spec(64, 352, 88, Activation::kNone, true),
                      Spec(16, 584, 2336, Activation::kGelu), Spec(7, 2336, 584, Activation::kNone, true),
                      Spec(49, 168, 672, Activation::kHardswish), Spec(64, 100, 300), Spec(4, 243, 48),
                      Spec(96, 48, 24), Spec(1, 168, 1000), Spec(1, 304, 2), Spec(1, 24, 1),
                      Spec(1, 88, 21841)));

TEST(LinearWithoutBiasTest, StartsAtZero) {
  Packer packer(kernels::BestIsa());
  const Tensor source = RandomTensor({1, 16}, 1);
  ASSERT_OK_AND_ASSIGN(const Linear linear, Linear::Make(packer, Spec(1, 16, 8), Tensor({8, 16}), Tensor()));
  Tensor destination = RandomTensor({1, 8}, 2);
  RunOp(packer, linear, source, &destination);
  EXPECT_THAT(destination.values, ::testing::Each(0.0f));
}

TEST(LinearShapeTest, RefusesOtherShapes) {
  Packer packer(kernels::BestIsa());
  EXPECT_THAT(Linear::Make(packer, Spec(4, 24, 96), Tensor({24, 96}), Tensor({96})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("linear 4x24x96: weight is [24, 96] with 2304 values, expected [96, 24]")));
  EXPECT_THAT(Linear::Make(packer, Spec(4, 24, 96), Tensor({96, 24}), Tensor({24})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bias is [24]")));
}

}  // namespace
}  // namespace edgenext::ops
