#include "tests/testing/reference_network.h"

#include <algorithm>
#include <cmath>

namespace edgenext::testing {
namespace {

constexpr double kPi = 3.14159265358979323846;

Map ConvEncoder(const Map& x, const ConvEncoderWeights& weights, const EdgeNextConfig& config) {
  const int kernel = static_cast<int>(weights.depthwise.weight.shape[2]);
  const bool doubles = weights.depthwise.weight.shape[0] != x.channels;
  const Map y = Convolve(x, weights.depthwise, doubles ? 2 : 1, kernel / 2, x.channels);
  return AddScaled(doubles ? y : x,
                   Mlp(y, weights.norm, weights.fc1, weights.fc2, config.batch_norm_hardswish),
                   weights.gamma);
}

Map Cascade(const Map& x, const std::vector<ConvolutionWeights>& convolutions) {
  Map out(0, x.height, x.width);
  Map previous(0, x.height, x.width);
  int first = 0;
  for (const ConvolutionWeights& convolution : convolutions) {
    const int width = static_cast<int>(convolution.weight.shape[0]);
    Map chunk = Channels(x, first, width);
    for (size_t i = 0; i < previous.values.size(); ++i) chunk.values[i] += previous.values[i];
    previous = Convolve(chunk, convolution, /*stride=*/1, /*padding=*/1, /*groups=*/width);
    out.values.insert(out.values.end(), previous.values.begin(), previous.values.end());
    first += width;
  }
  const Map rest = Channels(x, first, x.channels - first);
  out.values.insert(out.values.end(), rest.values.begin(), rest.values.end());
  out.channels = x.channels;
  return out;
}

Map PositionalCode(int height, int width, const ConvolutionWeights& projection) {
  Map code(64, height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double row = (y + 1) / (height + 1e-6) * 2 * kPi;
      const double column = (x + 1) / (width + 1e-6) * 2 * kPi;
      for (int i = 0; i < 32; ++i) {
        const double wavelength = std::pow(10000.0, 2 * (i / 2) / 32.0);
        code.at(i, y, x) = i % 2 == 0 ? std::sin(row / wavelength) : std::cos(row / wavelength);
        code.at(32 + i, y, x) = i % 2 == 0 ? std::sin(column / wavelength) : std::cos(column / wavelength);
      }
    }
  }
  return Convolve(code, projection, /*stride=*/1, /*padding=*/0, /*groups=*/1);
}

Map SdtaEncoder(const Map& x, const SdtaEncoderWeights& weights, const EdgeNextConfig& config, int heads) {
  Map y = Cascade(x, weights.cascade);
  if (config.batch_norm_hardswish) y = Norm(y, weights.norm_xca);
  if (weights.positional_projection.has_value()) {
    const Map code = PositionalCode(x.height, x.width, *weights.positional_projection);
    for (size_t i = 0; i < y.values.size(); ++i) y.values[i] += code.values[i];
  }
  const Map normalised = config.batch_norm_hardswish ? y : Norm(y, weights.norm_xca);
  y = AddScaled(y, Attention(normalised, weights, heads), weights.gamma_xca);
  return AddScaled(x, Mlp(y, weights.norm, weights.fc1, weights.fc2, config.batch_norm_hardswish),
                   weights.gamma);
}

}  // namespace

ReferenceResult RunReference(const EdgeNextWeights& weights, const float* normalised, int height, int width) {
  const EdgeNextConfig& config = weights.config;
  Map x(3, height, width);
  std::copy_n(normalised, x.values.size(), x.values.begin());
  x = Norm(Convolve(x, weights.stem, /*stride=*/4, config.downsample_in_block ? 4 : 0, /*groups=*/1),
           weights.stem_norm);

  ReferenceResult result;
  for (size_t i = 0; i < kStages; ++i) {
    const StageWeights& stage = weights.stages[i];
    if (stage.downsample.has_value()) {
      x = Convolve(Norm(x, stage.downsample->norm), stage.downsample->convolution, /*stride=*/2,
                   /*padding=*/0,
                   /*groups=*/1);
    }
    for (const ConvEncoderWeights& encoder : stage.conv_encoders) x = ConvEncoder(x, encoder, config);
    if (stage.sdta.has_value()) x = SdtaEncoder(x, *stage.sdta, config, config.heads[i]);
    result.stages.push_back(x);
  }

  // The BatchNorm variants normalise before the mean, the others after it.
  if (config.batch_norm_hardswish) x = Norm(x, weights.head_norm);
  Map pooled(x.channels, 1, 1);
  for (int c = 0; c < x.channels; ++c) {
    const Map channel = Channels(x, c, 1);
    for (const double value : channel.values) pooled.at(c, 0, 0) += value;
    pooled.at(c, 0, 0) /= static_cast<double>(channel.values.size());
  }
  if (!config.batch_norm_hardswish) pooled = Norm(pooled, weights.head_norm);
  result.features = pooled.values;
  result.logits = Linear(pooled, weights.head).values;
  return result;
}

}  // namespace edgenext::testing
