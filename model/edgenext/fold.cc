#include "model/edgenext/fold.h"

#include <cmath>

namespace edgenext {
namespace {

constexpr double kBatchNormEpsilon = 1e-5;

Tensor BiasOrZeros(const Tensor& bias, size_t outputs) {
  return bias.empty() ? Tensor({static_cast<int64_t>(outputs)}) : bias;
}

}  // namespace

ChannelAffine BatchNormAffine(const NormWeights& norm) {
  const size_t channels = norm.weight.values.size();
  ChannelAffine affine{std::vector<float>(channels), std::vector<float>(channels)};
  for (size_t c = 0; c < channels; ++c) {
    const double deviation = std::sqrt(double{norm.running_var.values[c]} + kBatchNormEpsilon);
    const double scale = double{norm.weight.values[c]} / deviation;
    affine.scale[c] = static_cast<float>(scale);
    affine.shift[c] =
        static_cast<float>(double{norm.bias.values[c]} - double{norm.running_mean.values[c]} * scale);
  }
  return affine;
}

ChannelAffine NormAffine(const NormWeights& norm) {
  if (norm.is_batch_norm()) return BatchNormAffine(norm);
  return {norm.weight.values, norm.bias.values};
}

ChannelAffine LayerScaleAffine(const Tensor& scale) {
  return {scale.values, std::vector<float>(scale.values.size(), 0.0f)};
}

void FoldIntoOutputs(const ChannelAffine& affine, Tensor* weight, Tensor* bias) {
  const size_t outputs = affine.scale.size();
  const size_t inputs = weight->values.size() / outputs;
  *bias = BiasOrZeros(*bias, outputs);
  for (size_t o = 0; o < outputs; ++o) {
    const double scale = affine.scale[o];
    for (size_t i = 0; i < inputs; ++i) {
      float& value = weight->values[o * inputs + i];
      value = static_cast<float>(value * scale);
    }
    bias->values[o] = static_cast<float>(bias->values[o] * scale + double{affine.shift[o]});
  }
}

void FoldIntoInputs(const ChannelAffine& affine, Tensor* weight, Tensor* bias) {
  const size_t outputs = static_cast<size_t>(weight->shape[0]);
  const size_t inputs = affine.scale.size();
  const size_t taps = weight->values.size() / (outputs * inputs);
  *bias = BiasOrZeros(*bias, outputs);
  float* value = weight->values.data();
  for (size_t o = 0; o < outputs; ++o) {
    double shifted = bias->values[o];
    for (size_t i = 0; i < inputs; ++i) {
      for (size_t tap = 0; tap < taps; ++tap, ++value) {
        shifted += double{*value} * double{affine.shift[i]};
        *value = static_cast<float>(double{*value} * double{affine.scale[i]});
      }
    }
    bias->values[o] = static_cast<float>(shifted);
  }
}

Tensor ChannelsInnermost(const Tensor& weight) {
  const auto outputs = static_cast<size_t>(weight.shape[0]), channels = static_cast<size_t>(weight.shape[1]);
  const auto taps = static_cast<size_t>(weight.shape[2] * weight.shape[3]);
  Tensor result({weight.shape[0], static_cast<int64_t>(taps * channels)});
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t c = 0; c < channels; ++c) {
      for (size_t tap = 0; tap < taps; ++tap) {
        result.values[(o * taps + tap) * channels + c] = weight.values[(o * channels + c) * taps + tap];
      }
    }
  }
  return result;
}

}  // namespace edgenext
