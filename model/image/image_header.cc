#include "model/image/image_header.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "model/base/status_macros.h"
#include "model/image/byte_reader.h"
#include "model/image/format_headers.h"
#include "model/image/image_errors.h"

namespace edgenext {
namespace {

absl::StatusOr<ImageHeader> ReadByFormat(absl::string_view file) {
  const ByteReader reader(file);
  if (reader.HasText(0, "\xff\xd8\xff")) return ReadJpegHeader(file);
  if (reader.HasText(0, "\x89PNG\r\n\x1a\n")) return ReadPngHeader(file);
  if (reader.HasText(0, "RIFF") && reader.HasText(8, "WEBP")) return ReadWebpHeader(file);
  if (reader.HasText(0, "BM")) return ReadBmpHeader(file);
  return ImageUnsupported("image is not JPEG, PNG, WebP or BMP: it begins with 0x",
                          absl::BytesToHexString(file.substr(0, 8)));
}

absl::Status CheckSize(const ImageHeader& header, const ImageLimits& limits) {
  const int side = std::max(header.width, header.height);
  if (side > limits.max_side) {
    return ImageTooLarge("image is ", header.width, "x", header.height, ", the longest side allowed is ",
                         limits.max_side);
  }
  const int64_t pixels = int64_t{header.width} * header.height;
  if (pixels > limits.max_pixels) {
    return ImageTooLarge("image is ", header.width, "x", header.height, ", ", pixels,
                         " pixels; the limit is ", limits.max_pixels);
  }
  return absl::OkStatus();
}

}  // namespace

const char* ImageFormatName(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kBmp:
      return "BMP";
  }
  return "unknown";
}

absl::StatusOr<ImageHeader> ReadImageHeader(absl::string_view file, const ImageLimits& limits) {
  if (file.size() > limits.max_bytes) {
    return ImageTooLarge("image has ", file.size(), " bytes, the limit is ", limits.max_bytes);
  }
  EDGENEXT_ASSIGN_OR_RETURN(const ImageHeader header, ReadByFormat(file));
  EDGENEXT_RETURN_IF_ERROR(CheckSize(header, limits));
  return header;
}

}  // namespace edgenext
