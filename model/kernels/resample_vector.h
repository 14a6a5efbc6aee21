#ifndef MODEL_KERNELS_RESAMPLE_VECTOR_H_
#define MODEL_KERNELS_RESAMPLE_VECTOR_H_

#include <cstddef>
#include <cstdint>

#include "model/kernels/kernels.h"
#include "model/kernels/resample_pixel.h"

namespace edgenext::kernels {

// Resampling for a vector type `V` (resample_avx2.cc, resample_avx512.cc). Samples are paired, so that one
// 16-bit multiply-add serves two taps; the sums of the coefficients' high and low parts are joined at the
// end.

// The outputs, from the first on, for which V may read whole groups of taps without leaving the row.
template <typename V>
size_t WholeGroupOutputs(const ResampleArguments& arguments) {
  const size_t size = static_cast<size_t>(arguments.axis.size);
  const size_t row_bytes = static_cast<size_t>(arguments.in_width) * kChannels;
  for (size_t x = 0; x < size; ++x) {
    const size_t taps = static_cast<size_t>(arguments.axis.taps[x]);
    const size_t groups = (taps + V::kGroupTaps - 1) / V::kGroupTaps;
    const size_t first_byte = static_cast<size_t>(arguments.axis.first[x]) * kChannels;
    const size_t last_group = first_byte + (groups - 1) * V::kGroupTaps * kChannels;
    if (last_group + V::kGroupBytes > row_bytes) return x;
  }
  return size;
}

template <typename V>
void ResampleHorizontally(const ResampleArguments& arguments) {
  constexpr size_t kPixels = 4;
  const ResampleAxis& axis = arguments.axis;
  const size_t whole = WholeGroupOutputs<V>(arguments) / kPixels * kPixels;
  for (int y = 0; y < arguments.in_height; ++y) {
    const uint8_t* in = arguments.in + static_cast<size_t>(y) * arguments.in_stride;
    uint8_t* out = arguments.out + static_cast<size_t>(y) * arguments.out_stride;
    for (size_t x = 0; x < whole; x += kPixels) {
      V::StoreFourPixels(out + x * kChannels, V::PixelSums(axis, x, in), V::PixelSums(axis, x + 1, in),
                         V::PixelSums(axis, x + 2, in), V::PixelSums(axis, x + 3, in));
    }
    for (size_t x = whole; x < static_cast<size_t>(axis.size); ++x) {
      for (size_t c = 0; c < kChannels; ++c) out[x * kChannels + c] = ResampleOne(axis, x, in + c, kChannels);
    }
  }
}

// The high and low parts of a pair of neighbouring coefficients, repeated over a register.
template <typename V>
struct CoefficientPair {
  typename V::Bytes high;
  typename V::Bytes low;

  CoefficientPair(const ResampleAxis& axis, size_t at)
      : high(V::BroadcastPair(axis.high + at)), low(V::BroadcastPair(axis.low + at)) {}
};

// A register's worth of bytes of output row `y`, from byte `at` on.
template <typename V>
void ResampleBytesVertically(const ResampleArguments& arguments, size_t y, size_t at) {
  using Bytes = typename V::Bytes;
  const ResampleAxis& axis = arguments.axis;
  const uint8_t* in = arguments.in + static_cast<size_t>(axis.first[y]) * arguments.in_stride + at;
  const Bytes zero = V::ZeroBytes();
  Bytes high[4] = {zero, zero, zero, zero};
  Bytes low[4] = {zero, zero, zero, zero};
  for (size_t k = 0, taps = static_cast<size_t>(axis.taps[y]); k < taps; k += 2) {
    const CoefficientPair<V> pair(axis, y * axis.stride + k);
    const Bytes a = V::LoadBytes(in + k * arguments.in_stride);
    const Bytes b = k + 1 < taps ? V::LoadBytes(in + (k + 1) * arguments.in_stride) : zero;
    const Bytes ab_low = V::InterleaveLow8(a, b);
    const Bytes ab_high = V::InterleaveHigh8(a, b);
    const Bytes samples[4] = {V::InterleaveLow8(ab_low, zero), V::InterleaveHigh8(ab_low, zero),
                              V::InterleaveLow8(ab_high, zero), V::InterleaveHigh8(ab_high, zero)};
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      high[i] = V::Add32(high[i], V::MultiplyAddPairs(samples[i], pair.high));
      low[i] = V::Add32(low[i], V::MultiplyAddPairs(samples[i], pair.low));
    }
  }
  Bytes values[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) values[i] = V::JoinAndShift(high[i], low[i]);
  V::StoreBytes(
      arguments.out + y * arguments.out_stride + at,
      V::PackUnsigned16(V::PackSigned32(values[0], values[1]), V::PackSigned32(values[2], values[3])));
}

template <typename V>
void ResampleVertically(const ResampleArguments& arguments) {
  const size_t row_bytes = static_cast<size_t>(arguments.in_width) * kChannels;
  for (size_t y = 0; y < static_cast<size_t>(arguments.axis.size); ++y) {
    if (row_bytes < V::kBytes) {
      uint8_t* out = arguments.out + y * arguments.out_stride;
      for (size_t i = 0; i < row_bytes; ++i) {
        out[i] = ResampleOne(arguments.axis, y, arguments.in + i, arguments.in_stride);
      }
      continue;
    }
    size_t at = 0;
    for (; at + V::kBytes <= row_bytes; at += V::kBytes) ResampleBytesVertically<V>(arguments, y, at);
    if (at < row_bytes) ResampleBytesVertically<V>(arguments, y, row_bytes - V::kBytes);
  }
}

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_RESAMPLE_VECTOR_H_
