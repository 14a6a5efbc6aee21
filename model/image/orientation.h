#ifndef MODEL_IMAGE_ORIENTATION_H_
#define MODEL_IMAGE_ORIENTATION_H_

#include <cstdint>

#include "model/image/image.h"

namespace edgenext {

// Whether an EXIF orientation, 1 to 8, exchanges width and height.
constexpr bool SwapsSides(int orientation) { return orientation >= 5; }

// Writes `image`, turned and mirrored upright as its EXIF orientation says, dense, to `out`, of the same
// number of bytes: what Pillow's ImageOps.exif_transpose does. Must not overlap.
void ApplyOrientation(const RgbView& image, int orientation, uint8_t* out);

}  // namespace edgenext

#endif  // MODEL_IMAGE_ORIENTATION_H_
