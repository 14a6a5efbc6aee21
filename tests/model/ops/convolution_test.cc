// Convolutions of the networks' shapes against float64 loops.

#include "model/ops/convolution.h"

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

ConvolutionSpec Depthwise(int height, int width, int channels, int kernel, int stride = 1) {
  ConvolutionSpec spec;
  spec.height = height;
  spec.width = width;
  spec.inputs = spec.outputs = channels;
  spec.kernel = kernel;
  spec.stride = stride;
  spec.padding = kernel / 2;
  spec.depthwise = true;
  return spec;
}

ConvolutionSpec Halving(int height, int width, int inputs, int outputs) {
  ConvolutionSpec spec;
  spec.height = height;
  spec.width = width;
  spec.inputs = inputs;
  spec.outputs = outputs;
  spec.kernel = spec.stride = 2;
  return spec;
}

class ConvolutionTest : public ::testing::TestWithParam<ConvolutionSpec> {};

TEST_P(ConvolutionTest, EqualsFloat64) {
  const ConvolutionSpec& spec = GetParam();
  const int group_inputs = spec.depthwise ? 1 : spec.inputs;
  const int k = spec.kernel;
  const Tensor source = RandomTensor({spec.height, spec.width, spec.inputs}, 1);
  const Tensor weight = RandomTensor({spec.outputs, group_inputs, k, k}, 2);
  const Tensor bias = RandomTensor({spec.outputs}, 3);
  Tensor destination({spec.OutputHeight(), spec.OutputWidth(), spec.outputs});
  Packer packer(kernels::BestIsa());
  ASSERT_OK_AND_ASSIGN(const Convolution convolution, Convolution::Make(packer, spec, weight, bias));
  RunOp(packer, convolution, source, &destination);

  const int length = group_inputs * k * k;
  const double tolerance =
      4 * FLT_EPSILON * std::sqrt(static_cast<double>(length)) * std::sqrt(length / 9.0 + 1);
  for (int y = 0; y < spec.OutputHeight(); ++y) {
    for (int x = 0; x < spec.OutputWidth(); ++x) {
      for (int o = 0; o < spec.outputs; ++o) {
        double sum = double{bias.values[static_cast<size_t>(o)]};
        for (int i = 0; i < group_inputs; ++i) {
          for (int ky = 0; ky < k; ++ky) {
            for (int kx = 0; kx < k; ++kx) {
              const int iy = y * spec.stride - spec.padding + ky, ix = x * spec.stride - spec.padding + kx;
              if (iy < 0 || iy >= spec.height || ix < 0 || ix >= spec.width) continue;
              const int channel = spec.depthwise ? o : i;
              sum +=
                  double{source.values[static_cast<size_t>((iy * spec.width + ix) * spec.inputs + channel)]} *
                  double{weight.values[static_cast<size_t>(((o * group_inputs + i) * k + ky) * k + kx)]};
            }
          }
        }
        const auto at = static_cast<size_t>((y * spec.OutputWidth() + x) * spec.outputs + o);
        ASSERT_NEAR(double{destination.values[at]}, sum, tolerance) << y << ", " << x << ", " << o;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConvolutionTest,
                         ::testing::Values(Depthwise(16, 24, 24, 3), Depthwise(8, 12, 48, 5),
                                           Depthwise(7, 7, 88, 7), Depthwise(2, 3, 168, 9),
                                           Depthwise(8, 8, 584, 9), Depthwise(5, 6, 30, 3),
                                           Depthwise(2, 2, 146, 3), Depthwise(16, 12, 96, 5, 2),
                                           Depthwise(7, 9, 192, 7, 2), Halving(16, 24, 24, 48),
                                           Halving(8, 8, 100, 192), Halving(4, 6, 88, 168)));

TEST(ConvolutionShapeTest, RefusesOtherShapes) {
  Packer packer(kernels::BestIsa());
  EXPECT_THAT(Convolution::Make(packer, Depthwise(8, 8, 24, 3), Tensor({24, 24, 3, 3}), Tensor({24})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weight is [24, 24, 3, 3]")));
  ConvolutionSpec widening = Depthwise(8, 8, 24, 3);
  widening.outputs = 48;
  EXPECT_THAT(Convolution::Make(packer, widening, Tensor({48, 1, 3, 3}), Tensor()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("as many outputs as inputs")));
}

}  // namespace
}  // namespace edgenext::ops
