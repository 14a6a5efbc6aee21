// What synthetic weights would not force, through whole layers and against float64: offsets that a LayerNorm
// takes out, token means that a bias cancels, queries of zero, and images of one color.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "model/fused/downsample.h"
#include "model/fused/mlp.h"
#include "model/fused/xca.h"
#include "tests/model/fused/fused_harness.h"

namespace edgenext::testing {
namespace {

Tensor RandomTensor(const Shape& shape, float deviation, uint32_t seed) {
  Tensor tensor(shape);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  for (float& value : tensor.values) value = normal(random);
  return tensor;
}

Tensor Ones(int channels) {
  Tensor tensor({channels});
  std::fill(tensor.values.begin(), tensor.values.end(), 1.0f);
  return tensor;
}

// Results have the variance of what is multiplied.
LinearWeights RandomLinear(int inputs, int outputs, uint32_t seed) {
  const float deviation = 1.0f / std::sqrt(static_cast<float>(inputs));
  return {RandomTensor({outputs, inputs}, deviation, seed), RandomTensor({outputs}, 0.3f, seed + 1)};
}

NormWeights LayerNormWeights(int channels) {
  return {RandomTensor({channels}, 1.0f, 11), RandomTensor({channels}, 0.3f, 12), {}, {}};
}

EdgeNextConfig Config(const char* variant) { return *FindConfig(variant); }

Map Offset(Map map, double offset) {
  for (double& value : map.values) value = double{static_cast<float>(value + offset)};
  return map;
}

Map Zeros(const Map& like) { return Map(like.channels, like.height, like.width); }

// out = fc2(gelu(fc1(norm(x)))), without a residual.
struct MlpLayers {
  explicit MlpLayers(int channels)
      : norm(LayerNormWeights(channels)),
        fc1(RandomLinear(channels, kExpansion * channels, 1)),
        fc2(RandomLinear(kExpansion * channels, channels, 3)),
        gamma(Ones(channels)) {}

  // The error of the result, relative to its root mean square.
  double Error(const FusedKernels& kernels, const Map& x) const {
    const EdgeNextConfig config = Config("edgenext_small");
    FusedHarness harness(config, kernels);
    const fused::MapLayout layout = LayoutOf(x);
    const fused::Mlp mlp(harness.context(), layout, &norm, fc1, fc2, gamma);
    fused::Buffers& buffers = harness.Allocate(layout, layout);
    FusedHarness::Write(x, layout, buffers.maps[0]);
    FusedHarness::Write(Zeros(x), layout, buffers.maps[1]);
    fused::Program::Step step = fused::Program::Over(layout);
    mlp.AppendTo(&step.ops, buffers.maps[0], buffers.maps[1], buffers.maps[1]);
    harness.program().Append(std::move(step));
    harness.Run();
    const Map expected = testing::Mlp(x, norm, fc1, fc2, /*hardswish=*/false);
    return Compare(FusedHarness::Read(buffers.maps[1], layout), expected, expected).root_mean_square;
  }

  NormWeights norm;
  LinearWeights fc1, fc2;
  Tensor gamma;
};

double DownsampleError(const FusedKernels& kernels, const Map& x) {
  const EdgeNextConfig config = Config("edgenext_small");
  const int outputs = 2 * x.channels;
  const float deviation = 0.5f / std::sqrt(static_cast<float>(x.channels));
  const DownsampleWeights weights = {
      LayerNormWeights(x.channels),
      {RandomTensor({outputs, x.channels, 2, 2}, deviation, 1), RandomTensor({outputs}, 0.3f, 2)}};
  FusedHarness harness(config, kernels);
  const fused::MapLayout out = {x.height / 2, x.width / 2, outputs};
  const fused::Downsample downsample(harness.context(), *kernels.linear, LayoutOf(x), out, weights);
  const Map actual = RunFused(harness, downsample, x, out);
  const Map expected = Convolve(Norm(x, weights.norm), weights.convolution, /*stride=*/2, /*padding=*/0,
                                /*groups=*/1);
  return Compare(actual, expected, expected).root_mean_square;
}

// Attention of four heads with its norm and projections. What it adds is sixteen times as large as usual, so
// that its errors and not the roundings of the tokens are seen.
struct AttentionLayers {
  static constexpr int kHeads = 4;
  static constexpr int kStage = 1;
  static constexpr float kGamma = 16.0f;

  AttentionLayers(int channels, bool batch_norm)
      : config(Config(batch_norm ? "edgenext_xx_small_bn_hs" : "edgenext_xx_small")) {
    config.heads[kStage] = kHeads;
    weights.qkv = RandomLinear(channels, 3 * channels, 1);
    weights.proj = RandomLinear(channels, channels, 3);
    weights.temperature = Tensor({kHeads, 1, 1});
    std::fill(weights.temperature.values.begin(), weights.temperature.values.end(), 4.0f);
    weights.gamma_xca = Tensor({channels});
    std::fill(weights.gamma_xca.values.begin(), weights.gamma_xca.values.end(), kGamma);
    if (batch_norm) {
      // It is applied before; here only whether there is one is looked at.
      weights.norm_xca = {Ones(channels), Tensor({channels}), Tensor({channels}), Ones(channels)};
    } else {
      weights.norm_xca = LayerNormWeights(channels);
    }
  }

  // What is added to the tokens y.
  Map Expected(const Map& y) const {
    const bool batch_norm = weights.norm_xca.is_batch_norm();
    const Map added = Attention(batch_norm ? y : Norm(y, weights.norm_xca), weights, kHeads);
    return AddScaled(Map(y.channels, y.height, y.width), added, weights.gamma_xca);
  }
  Difference Error(const FusedKernels& kernels, const Map& y) const {
    const Map expected = Expected(y);
    return Compare(Actual(kernels, y), expected, expected);
  }
  // Of the root mean square error, relative to the result, from sums of so many terms one after the other
  // (block_test.cc). Logits are the temperature times what went before, whose terms so count 16 times.
  double Tolerance(int tokens) const {
    const auto channels = static_cast<int>(weights.proj.weight.shape[0]);
    const int logits = 2 * channels + tokens, values = channels + channels / kHeads + channels;
    return 0.5 * FLT_EPSILON / 2 * std::sqrt(16.0 * logits + values);
  }
  // Zeroes an output of qkv.
  void ZeroOutput(int output) {
    const auto inputs = static_cast<size_t>(weights.qkv.weight.shape[1]), o = static_cast<size_t>(output);
    std::fill_n(weights.qkv.weight.values.begin() + static_cast<ptrdiff_t>(o * inputs), inputs, 0.0f);
    weights.qkv.bias.values[o] = 0.0f;
  }
  // Biases that take out the mean token.
  void CancelMean(const std::vector<double>& mean) {
    for (size_t o = 0; o < 3 * mean.size(); ++o) {
      double sum = 0.0;
      for (size_t c = 0; c < mean.size(); ++c) {
        sum += double{weights.qkv.weight.values[o * mean.size() + c]} * mean[c];
      }
      weights.qkv.bias.values[o] = static_cast<float>(-sum);
    }
  }
  Map Actual(const FusedKernels& kernels, const Map& y) const {
    FusedHarness harness(config, kernels);
    const fused::MapLayout layout = LayoutOf(y);
    const fused::Xca xca(harness.context(), kStage, layout, weights);
    fused::Buffers& buffers = harness.Allocate(layout, layout);
    FusedHarness::Write(y, layout, buffers.tokens);
    xca.AppendTo(harness.program(), fused::Program::Over(layout), buffers);
    fused::Program::Step step = fused::Program::Over(layout);
    xca.AppendResidualTo(&step.ops, buffers);
    harness.program().Append(std::move(step));
    harness.Run();
    return Subtract(FusedHarness::Read(buffers.tokens, layout), y);
  }

  EdgeNextConfig config;
  SdtaEncoderWeights weights;
};

// So few tokens that q, k and v are computed, so many that the Gram matrix is, and that values are folded
// too.
constexpr int kSides[] = {6, 12, 18};

struct Bar {
  double sigmas;
  double error;
};

// An offset that all channels of a token share, in standard deviations of the token.
class OffsetTest : public ::testing::TestWithParam<FusedKernels> {
 protected:
  // The root mean square error of a layer's result, of its own, over an offset.
  template <typename Error>
  void Check(Error error) {
    Check(GetParam().linear->precision, error);
  }

  template <typename Error>
  void Check(kernels::Precision precision, Error error) {
    if (precision == kernels::Precision::kF32) {
      // Mostly the rounding of the mean, which grows with the offset.
      for (const Bar& bar : {Bar{5, 8e-7}, Bar{20, 2.5e-6}, Bar{100, 1.4e-5}}) {
        EXPECT_LE(error(bar.sigmas), bar.error) << bar.sigmas << " sigma";
      }
    } else {
      const double without = error(0);
      EXPECT_LE(error(3), 1.2 * without);
      EXPECT_LE(error(20), 1.2 * without);
    }
  }
};

TEST_P(OffsetTest, ThroughTheMlp) {
  for (const int channels : {24, 48, 96, 160}) {
    SCOPED_TRACE(channels);
    const MlpLayers layers(channels);
    const Map x = RandomMap(channels, 8, 9, 5);
    Check([&](double offset) { return layers.Error(GetParam(), Offset(x, offset)); });
  }
}

TEST_P(OffsetTest, ThroughDownsampling) {
  for (const int channels : {24, 48, 96, 160}) {
    SCOPED_TRACE(channels);
    const Map x = RandomMap(channels, 8, 10, 6);
    Check([&](double offset) { return DownsampleError(GetParam(), Offset(x, offset)); });
  }
}

TEST_P(OffsetTest, ThroughAttention) {
  for (const int channels : {48, 88, 160}) {
    for (const int side : kSides) {
      SCOPED_TRACE(std::to_string(channels) + " channels, " + std::to_string(side * side) + " tokens");
      const AttentionLayers layers(channels, /*batch_norm=*/false);
      const Map y = RandomMap(channels, side, side, 7);
      // Where attention takes both of its forms that are float32 always, nothing of it is in bfloat16.
      const kernels::Precision precision = GetParam().linear->precision;
      const kernels::XcaForms forms = kernels::ShortestXcaForms(
          {side * side, AttentionLayers::kHeads, channels / AttentionLayers::kHeads}, precision);
      Check(forms.gram_scores && forms.folded_values ? kernels::Precision::kF32 : precision,
            [&](double offset) { return layers.Error(GetParam(), Offset(y, offset)).root_mean_square; });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(F32, OffsetTest, ::testing::ValuesIn(FusedKernelsIn(kernels::Precision::kF32)),
                         ::testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Bf16, OffsetTest, ::testing::ValuesIn(FusedKernelsIn(kernels::Precision::kBf16)),
                         ::testing::PrintToStringParamName());

class AttentionTest : public ::testing::TestWithParam<FusedKernels> {};
class Bf16AttentionTest : public AttentionTest {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Bf16AttentionTest);

// Of layers that read a mean token of so many standard deviations, and whose bias takes it out.
double ErrorWithCancelledMean(const FusedKernels& kernels, int channels, int side, double sigmas) {
  AttentionLayers layers(channels, /*batch_norm=*/true);
  std::vector<double> mean;
  for (int c = 0; c < channels; ++c) mean.push_back(c % 3 == 0 ? -sigmas : sigmas);
  layers.CancelMean(mean);
  Map y = RandomMap(channels, side, side, 8);
  for (size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] = double{static_cast<float>(y.values[i] + mean[i / static_cast<size_t>(side * side)])};
  }
  return layers.Error(kernels, y).root_mean_square;
}

TEST_P(AttentionTest, BiasCancelsTheMeanToken) {
  for (const int channels : {48, 88, 160}) {
    for (const int side : kSides) {
      for (const Bar& bar : {Bar{3, 4e-6}, Bar{10, 6e-6}, Bar{30, 2e-5}}) {
        EXPECT_LE(ErrorWithCancelledMean(GetParam(), channels, side, bar.sigmas), bar.error)
            << channels << " channels, " << side * side << " tokens, mean of " << bar.sigmas << " sigma";
      }
    }
  }
}

// In bfloat16 a mean that is taken out afterwards costs digits: tokens and weights are rounded with it. The
// products that qkv adds up are those of a token whose mean square is sigmas^2 + 1, each with two roundings.
// Values hand that on, and so do logits: temperature times a cosine of two of them, about 1 / sqrt(tokens).
// The two roundings of proj add to it.
TEST_P(Bf16AttentionTest, BiasCancelsTheMeanToken) {
  constexpr double kRounding = 0.5 / 256;
  for (const int channels : {48, 88, 160}) {
    for (const int side : kSides) {
      for (const double sigmas : {0.0, 3.0, 10.0, 30.0}) {
        const double logits = 4.0 * 4.0 * 2.0 / (side * side);
        const double tolerance = kRounding * std::sqrt(2.0 * (sigmas * sigmas + 1.0) * (1.0 + logits) + 2.0);
        const double error = ErrorWithCancelledMean(GetParam(), channels, side, sigmas);
        EXPECT_LE(error, tolerance) << channels << " channels, " << side * side << " tokens, mean of "
                                    << sigmas << " sigma";
      }
    }
  }
}

TEST_P(AttentionTest, QueriesAndKeysOfZero) {
  for (const bool batch_norm : {false, true}) {
    for (const int side : kSides) {
      AttentionLayers layers(88, batch_norm);
      for (const int output : {5, 43, 88 + 7}) layers.ZeroOutput(output);
      EXPECT_LE(layers.Error(GetParam(), RandomMap(88, side, side, 9)).root_mean_square,
                layers.Tolerance(side * side));
    }
  }
}

TEST_P(AttentionTest, ImageOfOneColor) {
  for (const bool batch_norm : {false, true}) {
    for (const int side : kSides) {
      const AttentionLayers layers(88, batch_norm);
      const Map token = RandomMap(88, 1, 1, 10);
      Map y(88, side, side);
      for (size_t i = 0; i < y.values.size(); ++i) {
        y.values[i] = token.values[i / static_cast<size_t>(side * side)];
      }
      EXPECT_LE(layers.Error(GetParam(), y).root_mean_square, layers.Tolerance(side * side));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, AttentionTest, ::testing::ValuesIn(FusedKernelsIn(kernels::Precision::kF32)),
                         ::testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Tables, Bf16AttentionTest,
                         ::testing::ValuesIn(FusedKernelsIn(kernels::Precision::kBf16)),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace edgenext::testing
