#include "model/kernels/depthwise.h"

namespace edgenext::kernels {
namespace {

constexpr size_t kBlock = kDepthwiseBlock;

size_t Blocks(size_t channels) { return (channels + kBlock - 1) / kBlock; }

}  // namespace

size_t PackedDepthwiseFloats(int channels, int kernel) {
  const size_t side = static_cast<size_t>(kernel);
  return Blocks(static_cast<size_t>(channels)) * side * side * kBlock;
}

void PackDepthwise(const float* weight, int channels, int kernel, float* packed) {
  const size_t count = static_cast<size_t>(channels);
  const size_t taps = static_cast<size_t>(kernel) * static_cast<size_t>(kernel);
  for (size_t block = 0; block < Blocks(count); ++block) {
    for (size_t tap = 0; tap < taps; ++tap) {
      for (size_t c = block * kBlock; c < (block + 1) * kBlock; ++c) {
        *packed++ = c < count ? weight[c * taps + tap] : 0.0f;
      }
    }
  }
}

}  // namespace edgenext::kernels
