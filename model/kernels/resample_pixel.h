#ifndef MODEL_KERNELS_RESAMPLE_PIXEL_H_
#define MODEL_KERNELS_RESAMPLE_PIXEL_H_

#include <cstddef>
#include <cstdint>

#include "model/kernels/kernels.h"

namespace edgenext::kernels {
namespace {

constexpr int kChannels = 3;
constexpr int kFractionBits = 22;  // of a coefficient
constexpr int kLowBits = 12;       // of them in its low part

// Output `i` of one channel; `input` is the channel's first sample and `step` the bytes from sample to
// sample.
inline uint8_t ResampleOne(const ResampleAxis& axis, size_t i, const uint8_t* input, size_t step) {
  const int16_t* high = axis.high + i * axis.stride;
  const int16_t* low = axis.low + i * axis.stride;
  const uint8_t* sample = input + static_cast<size_t>(axis.first[i]) * step;
  int32_t sum = 1 << (kFractionBits - 1);
  for (int k = 0; k < axis.taps[i]; ++k, sample += step) {
    sum += *sample * (high[k] * (1 << kLowBits) + low[k]);
  }
  const int32_t value = sum >> kFractionBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_RESAMPLE_PIXEL_H_
