#ifndef MODEL_IMAGE_DECODER_H_
#define MODEL_IMAGE_DECODER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/image/image.h"

namespace edgenext {

// Turns image files into 8-bit RGB with their EXIF orientation applied, as Pillow's convert("RGB") does: gray
// is replicated, a palette looked up, alpha dropped, CMYK converted, 16 bits become 8 by round(v / 257), ICC
// profiles are ignored. The buffers are kept from image to image. Confined to one thread.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;

  static std::unique_ptr<ImageDecoder> Make(const ImageLimits& limits);

  // The pixels stay valid until the next call. Reads and judges the header first. INVALID_ARGUMENT with
  // reason IMAGE_UNSUPPORTED (not a still JPEG, PNG, WebP or BMP), IMAGE_TOO_LARGE, or IMAGE_CORRUPT;
  // RESOURCE_EXHAUSTED with reason OVERLOADED when there is no memory for the pixels, after which the next
  // image may well succeed.
  virtual absl::StatusOr<RgbView> Decode(absl::string_view file) = 0;
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_DECODER_H_
