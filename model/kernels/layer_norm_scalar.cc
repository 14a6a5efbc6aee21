#include <math.h>

#include "model/kernels/implementations.h"

namespace edgenext::kernels {

void LayerNormScalar(const LayerNormArguments& arguments) {
  const int channels = arguments.channels;
  const float* in = arguments.in;
  float* out = arguments.out;
  for (int row = 0; row < arguments.rows; ++row, in += channels, out += channels) {
    double sum = 0.0;
    for (int c = 0; c < channels; ++c) sum += static_cast<double>(in[c]);
    const double mean = sum / channels;
    double squares = 0.0;
    for (int c = 0; c < channels; ++c) {
      const double centred = static_cast<double>(in[c]) - mean;
      squares += centred * centred;
    }
    const double scale = 1.0 / sqrt(squares / channels + static_cast<double>(arguments.epsilon));
    for (int c = 0; c < channels; ++c) {
      const double standard = (static_cast<double>(in[c]) - mean) * scale;
      out[c] = static_cast<float>(standard) * arguments.weight[c] + arguments.bias[c];
    }
  }
}

}  // namespace edgenext::kernels
