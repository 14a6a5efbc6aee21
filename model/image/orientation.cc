#include "model/image/orientation.h"

#include <algorithm>
#include <cstddef>

namespace edgenext {
namespace {

constexpr ptrdiff_t kChannels = 3;

// Where output (0, 0) lies in the input, and the way to its right and lower neighbours, in bytes.
struct Walk {
  const uint8_t* origin;
  ptrdiff_t right;
  ptrdiff_t down;
};

Walk WalkFor(const RgbView& image, int orientation) {
  const ptrdiff_t x = kChannels;
  const ptrdiff_t y = static_cast<ptrdiff_t>(image.stride_bytes);
  const uint8_t* const top_left = image.pixels;
  const uint8_t* const top_right = top_left + (image.width - 1) * x;
  const uint8_t* const bottom_left = top_left + (image.height - 1) * y;
  const uint8_t* const bottom_right = top_right + (image.height - 1) * y;
  switch (orientation) {
    case 2:
      return {top_right, -x, y};
    case 3:
      return {bottom_right, -x, -y};
    case 4:
      return {bottom_left, x, -y};
    case 5:
      return {top_left, y, x};
    case 6:
      return {bottom_left, -y, x};
    case 7:
      return {bottom_right, -y, -x};
    case 8:
      return {top_right, y, -x};
    default:
      return {top_left, x, y};
  }
}

}  // namespace

void ApplyOrientation(const RgbView& image, int orientation, uint8_t* out) {
  const Walk walk = WalkFor(image, orientation);
  const int width = SwapsSides(orientation) ? image.height : image.width;
  const int height = SwapsSides(orientation) ? image.width : image.height;
  // Square tiles: walking down whole columns of a large image would touch a new page at every pixel.
  constexpr int kTile = 32;
  for (int tile_y = 0; tile_y < height; tile_y += kTile) {
    for (int tile_x = 0; tile_x < width; tile_x += kTile) {
      const int end_y = std::min(tile_y + kTile, height);
      const int end_x = std::min(tile_x + kTile, width);
      for (int y = tile_y; y < end_y; ++y) {
        const uint8_t* from = walk.origin + y * walk.down + tile_x * walk.right;
        uint8_t* to = out + (static_cast<ptrdiff_t>(y) * width + tile_x) * kChannels;
        for (int x = tile_x; x < end_x; ++x, from += walk.right, to += kChannels) {
          to[0] = from[0];
          to[1] = from[1];
          to[2] = from[2];
        }
      }
    }
  }
}

}  // namespace edgenext
