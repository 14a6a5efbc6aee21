#include <math.h>

#include "model/kernels/implementations.h"
#include "model/kernels/maps.h"

namespace edgenext::kernels {
namespace {

constexpr int kPanel = 16;

void LayerNorm(const LayerNormArguments& arguments) {
  const float* in = arguments.in;
  float* out = static_cast<float*>(arguments.out);
  for (int row = 0; row < arguments.rows; ++row, in += arguments.in_stride, out += arguments.out_stride) {
    double sum = 0.0, squares = 0.0;
    for (int c = 0; c < arguments.channels; ++c) sum += static_cast<double>(in[c]);
    const double mean = sum / arguments.channels;
    for (int c = 0; c < arguments.channels; ++c) {
      const double centred = static_cast<double>(in[c]) - mean;
      squares += centred * centred;
    }
    const double scale = 1.0 / sqrt(squares / arguments.channels + static_cast<double>(arguments.epsilon));
    for (int c = 0; c < arguments.channels; ++c) {
      const double normalised = (static_cast<double>(in[c]) - mean) * scale;
      out[c] = static_cast<float>(arguments.weight == nullptr
                                      ? normalised
                                      : normalised * static_cast<double>(arguments.weight[c]) +
                                            static_cast<double>(arguments.bias[c]));
    }
    for (int c = arguments.channels; c < arguments.out_lanes; ++c) out[c] = 0.0f;
  }
}

void Convert(const ConvertArguments& arguments) {
  const float* in = arguments.in;
  float* out = static_cast<float*>(arguments.out);
  for (int row = 0; row < arguments.rows; ++row, in += arguments.in_stride, out += arguments.out_stride) {
    for (int c = 0; c < arguments.channels; ++c) out[c] = in[c];
    for (int c = arguments.channels; c < arguments.out_lanes; ++c) out[c] = 0.0f;
  }
}

// layer(in) for output `o`, which may be one of the padding.
float Output(const PackedLinear& layer, const float* in, int o) {
  const auto panel_floats = static_cast<size_t>(kPanel) * static_cast<size_t>(layer.inputs);
  const float* weight =
      static_cast<const float*>(layer.weight) + static_cast<size_t>(o / kPanel) * panel_floats + o % kPanel;
  float sum = layer.bias[o];
  for (int i = 0; i < layer.inputs; ++i, weight += kPanel) sum += in[i] * *weight;
  return sum;
}

void AddOutputs(const PackedLinear& layer, const float* in, const float* residual, float* out) {
  for (int o = 0; o < PaddedChannels(layer.outputs); ++o) {
    out[o] = (residual != nullptr ? residual[o] : 0.0f) + Output(layer, in, o);
  }
}

void Linear(const LinearArguments& arguments) {
  for (int row = 0; row < arguments.rows; ++row) {
    const auto r = static_cast<size_t>(row);
    AddOutputs(arguments.layer, static_cast<const float*>(arguments.in) + r * arguments.in_stride,
               arguments.residual == nullptr ? nullptr : arguments.residual + r * arguments.residual_stride,
               arguments.out + r * arguments.out_stride);
  }
}

float Activate(Activation activation, float x) {
  if (activation == Activation::kHardswish) return x * fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) / 6.0f;
  return 0.5f * x * (1.0f + erff(x * 0.70710678f));
}

void Mlp(const MlpArguments& arguments) {
  float* hidden = static_cast<float*>(arguments.scratch);
  for (int row = 0; row < arguments.rows; ++row) {
    const auto r = static_cast<size_t>(row);
    const float* in = static_cast<const float*>(arguments.in) + r * arguments.in_stride;
    for (int o = 0; o < arguments.fc1.outputs; ++o) {
      hidden[o] = Activate(arguments.activation, Output(arguments.fc1, in, o));
    }
    AddOutputs(arguments.fc2, hidden, arguments.residual + r * arguments.residual_stride,
               arguments.out + r * arguments.out_stride);
  }
}

}  // namespace

extern const LinearKernels kLinearScalar = {Precision::kF32, sizeof(float), kPanel,  {1.0, 1.0}, {1.0, 1.0},
                                            &LayerNorm,      &Convert,      &Linear, &Mlp};

}  // namespace edgenext::kernels
