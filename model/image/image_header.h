#ifndef MODEL_IMAGE_IMAGE_HEADER_H_
#define MODEL_IMAGE_IMAGE_HEADER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/image/image.h"

namespace edgenext {

enum class ImageFormat { kJpeg, kPng, kWebp, kBmp };

// "JPEG", "PNG", "WebP", "BMP"
const char* ImageFormatName(ImageFormat format);

// What a file says about itself before anything is decoded.
struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  // As stored, before the orientation is applied.
  int width = 0;
  int height = 0;
  int bits_per_channel = 8;  // 16 for some PNG files, else 8
  int orientation = 1;       // EXIF, 1 to 8
};

// Walks the file's structure: refuses what is not a still JPEG, PNG, WebP or BMP of a kind that is decoded
// exactly (IMAGE_UNSUPPORTED), what is larger than `limits` (IMAGE_TOO_LARGE), and files that end early or
// contradict themselves (IMAGE_CORRUPT). Every proper prefix of a valid file's structure is refused here,
// because decoders fill what is missing with grey or leave it. All errors are INVALID_ARGUMENT. Thread-safe,
// decodes no pixels.
absl::StatusOr<ImageHeader> ReadImageHeader(absl::string_view file, const ImageLimits& limits);

}  // namespace edgenext

#endif  // MODEL_IMAGE_IMAGE_HEADER_H_
