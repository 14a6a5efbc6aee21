#ifndef MODEL_KERNELS_MAPS_H_
#define MODEL_KERNELS_MAPS_H_

#include <cstddef>

namespace edgenext::kernels {

// How feature maps lie in memory between the fused kernels: [height, width, stride] floats, aligned to 64
// bytes, stride = PaddedChannels(channels), the lanes from `channels` to `stride` zero. So no access to the
// channels of a pixel crosses a cache line, and sums over a pixel need no mask.
namespace {  // NOLINT(google-build-namespaces): see README.md, a copy for each instruction set

constexpr int kChannelAlignment = 16;  // NOLINT(misc-definitions-in-headers)

constexpr int PaddedChannels(int channels) {
  return (channels + kChannelAlignment - 1) / kChannelAlignment * kChannelAlignment;
}

}  // namespace

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_MAPS_H_
