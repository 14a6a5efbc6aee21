#include "model/edgenext/channels_first.h"

namespace edgenext {

Tensor ChannelsFirst(const float* map, size_t stride, int channels, int height, int width) {
  Tensor result({channels, height, width});
  const size_t pixels = static_cast<size_t>(height) * static_cast<size_t>(width);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    for (size_t p = 0; p < pixels; ++p) result.values[c * pixels + p] = map[p * stride + c];
  }
  return result;
}

}  // namespace edgenext
