#include "model/edgenext/positional_code.h"

#include <array>
#include <cmath>

namespace edgenext {
namespace {

constexpr size_t kHidden = 32;  // waves along each axis
constexpr double kPi = 3.14159265358979323846;

using AxisCode = std::array<double, kHidden>;

AxisCode CodeOf(int position, int extent) {
  const double angle = position / (extent + 1e-6) * 2 * kPi;
  AxisCode code;
  for (size_t i = 0; i < kHidden; i += 2) {
    const double wave = angle / std::pow(10000.0, static_cast<double>(i) / kHidden);
    code[i] = std::sin(wave);
    code[i + 1] = std::cos(wave);
  }
  return code;
}

double Dot(const AxisCode& code, const float* weights) {
  double sum = 0;
  for (size_t i = 0; i < kHidden; ++i) sum += code[i] * double{weights[i]};
  return sum;
}

}  // namespace

Tensor PositionalCode(int height, int width, const ConvolutionWeights& projection) {
  const size_t channels = projection.bias.values.size();
  Tensor table({int64_t{height} * width, static_cast<int64_t>(channels)});
  float* out = table.values.data();
  for (int y = 1; y <= height; ++y) {
    const AxisCode row = CodeOf(y, height);
    for (int x = 1; x <= width; ++x) {
      const AxisCode column = CodeOf(x, width);
      for (size_t c = 0; c < channels; ++c) {
        const float* weights = &projection.weight.values[c * 2 * kHidden];
        *out++ = static_cast<float>(double{projection.bias.values[c]} + Dot(row, weights) +
                                    Dot(column, weights + kHidden));
      }
    }
  }
  return table;
}

}  // namespace edgenext
