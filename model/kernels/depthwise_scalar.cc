#include "model/kernels/implementations.h"

namespace edgenext::kernels {
namespace {

// The pixel (y, x) of a map that is `width` pixels wide.
template <typename Float>
Float* Pixel(Float* map, int width, size_t stride, int y, int x) {
  return map + (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * stride;
}

// One pixel of the output, all its channels.
void Convolve(const DepthwiseArguments& a, int out_y, int out_x, const float* pixel_bias, float* out) {
  const int padding = a.kernel / 2;
  for (int c = 0; c < a.channels; ++c) out[c] = pixel_bias ? a.bias[c] + pixel_bias[c] : a.bias[c];
  for (int i = 0; i < a.kernel; ++i) {
    const int y = out_y * a.stride + i - padding;
    if (y < 0 || y >= a.height) continue;
    for (int j = 0; j < a.kernel; ++j) {
      const int x = out_x * a.stride + j - padding;
      if (x < 0 || x >= a.width) continue;
      const float* in = Pixel(a.in, a.width, a.in_stride, y, x);
      const float* addend = a.addend ? Pixel(a.addend, a.width, a.addend_stride, y, x) : nullptr;
      for (int first = 0; first < a.channels; first += kDepthwiseBlock) {
        const int end = first + kDepthwiseBlock < a.channels ? first + kDepthwiseBlock : a.channels;
        const float* weight =
            a.weight + (first * a.kernel + i * kDepthwiseBlock) * a.kernel + j * kDepthwiseBlock;
        for (int c = first; c < end; ++c) {
          const int from = a.stride == 2 ? c / 2 : c;
          out[c] += (addend ? in[from] + addend[from] : in[from]) * weight[c - first];
        }
      }
    }
  }
}

}  // namespace

void DepthwiseScalar(const DepthwiseArguments& arguments) {
  const int out_width = (arguments.width + arguments.stride - 1) / arguments.stride;
  const int lanes = arguments.write_padding
                        ? (arguments.channels + kDepthwiseBlock - 1) / kDepthwiseBlock * kDepthwiseBlock
                        : arguments.channels;
  for (int row = 0; row < arguments.rows; ++row) {
    const int y = arguments.first_row + row;
    for (int x = 0; x < out_width; ++x) {
      const float* pixel_bias =
          arguments.pixel_bias ? Pixel(arguments.pixel_bias, out_width, arguments.pixel_bias_stride, y, x)
                               : nullptr;
      float* out = Pixel(arguments.out, out_width, arguments.out_stride, row, x);
      Convolve(arguments, y, x, pixel_bias, out);
      for (int c = arguments.channels; c < lanes; ++c) out[c] = 0.0f;
    }
  }
}

}  // namespace edgenext::kernels
