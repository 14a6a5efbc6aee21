#include "model/kernels/implementations.h"
#include "model/kernels/resample_pixel.h"

namespace edgenext::kernels {
namespace {

void Horizontal(const ResampleArguments& arguments) {
  for (int y = 0; y < arguments.in_height; ++y) {
    const uint8_t* in = arguments.in + static_cast<size_t>(y) * arguments.in_stride;
    uint8_t* out = arguments.out + static_cast<size_t>(y) * arguments.out_stride;
    for (size_t x = 0; x < static_cast<size_t>(arguments.axis.size); ++x) {
      for (int c = 0; c < kChannels; ++c) *out++ = ResampleOne(arguments.axis, x, in + c, kChannels);
    }
  }
}

void Vertical(const ResampleArguments& arguments) {
  const size_t row_bytes = static_cast<size_t>(arguments.in_width) * kChannels;
  for (size_t y = 0; y < static_cast<size_t>(arguments.axis.size); ++y) {
    uint8_t* out = arguments.out + y * arguments.out_stride;
    for (size_t i = 0; i < row_bytes; ++i) {
      out[i] = ResampleOne(arguments.axis, y, arguments.in + i, arguments.in_stride);
    }
  }
}

}  // namespace

const ResampleKernels kResampleScalar = {&Horizontal, &Vertical};

}  // namespace edgenext::kernels
