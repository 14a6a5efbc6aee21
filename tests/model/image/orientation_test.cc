#include "model/image/orientation.h"

#include <gtest/gtest.h>

#include <vector>

namespace edgenext {
namespace {

// The inverse, from the EXIF standard: for a pixel of the upright image, where the stored one lies, told by
// which sides of the picture the stored row 0 and column 0 are.
struct Stored {
  int x, y;
};
Stored WhereStored(int orientation, int x, int y, int stored_width, int stored_height) {
  const int right = stored_width - 1;
  const int bottom = stored_height - 1;
  switch (orientation) {
    case 2:  // row 0 is the top, column 0 the right side
      return {right - x, y};
    case 3:  // bottom, right
      return {right - x, bottom - y};
    case 4:  // bottom, left
      return {x, bottom - y};
    case 5:  // row 0 is the left side, column 0 the top
      return {y, x};
    case 6:  // row 0 is the right side, column 0 the top
      return {y, bottom - x};
    case 7:  // row 0 is the right side, column 0 the bottom
      return {right - y, bottom - x};
    case 8:  // row 0 is the left side, column 0 the bottom
      return {right - y, x};
    default:
      return {x, y};
  }
}

TEST(OrientationTest, MovesEveryPixelToItsPlace) {
  for (const auto& [width, height] : {std::pair{5, 3}, {1, 1}, {1, 40}, {70, 33}, {64, 32}}) {
    const size_t stride = static_cast<size_t>(width) * 3 + 5;
    std::vector<uint8_t> stored(stride * static_cast<size_t>(height));
    for (size_t i = 0; i < stored.size(); ++i) stored[i] = static_cast<uint8_t>(i * 7 + i / 251);
    for (int orientation = 1; orientation <= 8; ++orientation) {
      std::vector<uint8_t> upright(static_cast<size_t>(width * height) * 3);
      ApplyOrientation({stored.data(), width, height, stride}, orientation, upright.data());
      const int upright_width = SwapsSides(orientation) ? height : width;
      for (size_t i = 0; i < upright.size(); ++i) {
        const int pixel = static_cast<int>(i / 3);
        const Stored at =
            WhereStored(orientation, pixel % upright_width, pixel / upright_width, width, height);
        ASSERT_EQ(upright[i],
                  stored[static_cast<size_t>(at.y) * stride + static_cast<size_t>(at.x) * 3 + i % 3])
            << width << "x" << height << " orientation " << orientation << " byte " << i;
      }
    }
  }
}

}  // namespace
}  // namespace edgenext
