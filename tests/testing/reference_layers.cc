#include "tests/testing/reference_layers.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace edgenext::testing {
namespace {

double Value(const Tensor& tensor, int index) { return double{tensor.values[static_cast<size_t>(index)]}; }

// Applies `f` to the channels of every pixel.
Map ForEachPixel(const Map& in, int outputs, const std::function<void(const double* in, double* out)>& f) {
  Map out(outputs, in.height, in.width);
  std::vector<double> source(static_cast<size_t>(in.channels)), result(static_cast<size_t>(outputs));
  for (int y = 0; y < in.height; ++y) {
    for (int x = 0; x < in.width; ++x) {
      for (int c = 0; c < in.channels; ++c) source[static_cast<size_t>(c)] = in.at(c, y, x);
      f(source.data(), result.data());
      for (int c = 0; c < outputs; ++c) out.at(c, y, x) = result[static_cast<size_t>(c)];
    }
  }
  return out;
}

double Gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double Hardswish(double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }

// One row of q, k or v over all tokens, divided by its norm.
std::vector<double> UnitRow(const Map& qkv, int channel) {
  const Map row = Channels(qkv, channel, 1);
  double squares = 0;
  for (const double value : row.values) squares += value * value;
  std::vector<double> unit = row.values;
  for (double& value : unit) value /= std::max(std::sqrt(squares), 1e-12);
  return unit;
}

}  // namespace

Map::Map(int channels_in, int height_in, int width_in)
    : channels(channels_in),
      height(height_in),
      width(width_in),
      values(static_cast<size_t>(channels_in) * static_cast<size_t>(height_in) *
             static_cast<size_t>(width_in)) {}

Map Convolve(const Map& in, const ConvolutionWeights& weights, int stride, int padding, int groups) {
  const int outputs = static_cast<int>(weights.weight.shape[0]);
  const int group_inputs = static_cast<int>(weights.weight.shape[1]);
  const int kernel = static_cast<int>(weights.weight.shape[2]);
  const int group_outputs = outputs / groups;
  Map out(outputs, (in.height + 2 * padding - kernel) / stride + 1,
          (in.width + 2 * padding - kernel) / stride + 1);
  for (int o = 0; o < outputs; ++o) {
    const int first_input = o / group_outputs * group_inputs;
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        double sum = weights.bias.empty() ? 0 : Value(weights.bias, o);
        for (int i = 0; i < group_inputs; ++i) {
          for (int ky = 0; ky < kernel; ++ky) {
            for (int kx = 0; kx < kernel; ++kx) {
              const int iy = y * stride - padding + ky, ix = x * stride - padding + kx;
              if (iy < 0 || iy >= in.height || ix < 0 || ix >= in.width) continue;
              sum += Value(weights.weight, ((o * group_inputs + i) * kernel + ky) * kernel + kx) *
                     in.at(first_input + i, iy, ix);
            }
          }
        }
        out.at(o, y, x) = sum;
      }
    }
  }
  return out;
}

Map Linear(const Map& in, const LinearWeights& weights) {
  const int outputs = static_cast<int>(weights.weight.shape[0]);
  return ForEachPixel(in, outputs, [&](const double* source, double* result) {
    for (int o = 0; o < outputs; ++o) {
      double sum = Value(weights.bias, o);
      for (int i = 0; i < in.channels; ++i) sum += Value(weights.weight, o * in.channels + i) * source[i];
      result[o] = sum;
    }
  });
}

Map Norm(const Map& in, const NormWeights& weights) {
  return ForEachPixel(in, in.channels, [&](const double* source, double* result) {
    double mean = 0, variance = 0;
    for (int c = 0; c < in.channels; ++c) mean += source[c] / in.channels;
    for (int c = 0; c < in.channels; ++c) variance += (source[c] - mean) * (source[c] - mean) / in.channels;
    for (int c = 0; c < in.channels; ++c) {
      const double standard = weights.is_batch_norm() ? (source[c] - Value(weights.running_mean, c)) /
                                                            std::sqrt(Value(weights.running_var, c) + 1e-5)
                                                      : (source[c] - mean) / std::sqrt(variance + 1e-6);
      result[c] = standard * Value(weights.weight, c) + Value(weights.bias, c);
    }
  });
}

Map AddScaled(Map a, const Map& b, const Tensor& gamma) {
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.height; ++y) {
      for (int x = 0; x < a.width; ++x) a.at(c, y, x) += Value(gamma, c) * b.at(c, y, x);
    }
  }
  return a;
}

Map Mlp(const Map& in, const NormWeights& norm, const LinearWeights& fc1, const LinearWeights& fc2,
        bool hardswish) {
  Map hidden = Linear(Norm(in, norm), fc1);
  for (double& value : hidden.values) value = hardswish ? Hardswish(value) : Gelu(value);
  return Linear(hidden, fc2);
}

Map Channels(const Map& in, int first, int count) {
  Map out(count, in.height, in.width);
  std::copy_n(in.values.begin() + static_cast<ptrdiff_t>(in.Index(first, 0, 0)), out.values.size(),
              out.values.begin());
  return out;
}

Map Attention(const Map& x, const SdtaEncoderWeights& weights, int heads) {
  const Map qkv = Linear(x, weights.qkv);
  const int head_dim = x.channels / heads;
  Map out(x.channels, x.height, x.width);
  const size_t tokens = static_cast<size_t>(x.height) * static_cast<size_t>(x.width);
  for (int head = 0; head < heads; ++head) {
    const int first = head * head_dim;
    for (int i = 0; i < head_dim; ++i) {
      const std::vector<double> q = UnitRow(qkv, first + i);
      std::vector<double> weight(static_cast<size_t>(head_dim));
      double total = 0;
      for (int j = 0; j < head_dim; ++j) {
        const std::vector<double> k = UnitRow(qkv, x.channels + first + j);
        double product = 0;
        for (size_t t = 0; t < tokens; ++t) product += q[t] * k[t];
        // The products are at most 1, so that exp cannot overflow.
        weight[static_cast<size_t>(j)] = std::exp(product * Value(weights.temperature, head));
        total += weight[static_cast<size_t>(j)];
      }
      for (int j = 0; j < head_dim; ++j) {
        const Map v = Channels(qkv, 2 * x.channels + first + j, 1);
        double* row = &out.values[out.Index(first + i, 0, 0)];
        for (size_t t = 0; t < tokens; ++t) row[t] += weight[static_cast<size_t>(j)] / total * v.values[t];
      }
    }
  }
  return Linear(out, weights.proj);
}

}  // namespace edgenext::testing
