#ifndef MODEL_IMAGE_FORMAT_HEADERS_H_
#define MODEL_IMAGE_FORMAT_HEADERS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/image/image_header.h"

// One reader a format, for ReadImageHeader, which has seen the signature and checks the limits afterwards.
namespace edgenext {

// ITU-T T.81 annex B. Baseline, extended and progressive Huffman JPEG of 8 bits with 1, 3 or 4 components and
// at most 100 scans (each scan of a progressive file costs a pass over the whole image).
absl::StatusOr<ImageHeader> ReadJpegHeader(absl::string_view file);

// PNG, third edition. Animated files are refused. Checksums are left to the decoder, which refuses a wrong
// one.
absl::StatusOr<ImageHeader> ReadPngHeader(absl::string_view file);

// RFC 9649. Animated files are refused.
absl::StatusOr<ImageHeader> ReadWebpHeader(absl::string_view file);

// Windows and OS/2 bitmaps, uncompressed, with 1, 4, 8, 24 or 32 bits a pixel.
absl::StatusOr<ImageHeader> ReadBmpHeader(absl::string_view file);

}  // namespace edgenext

#endif  // MODEL_IMAGE_FORMAT_HEADERS_H_
