#include <limits>

#include "model/image/byte_reader.h"
#include "model/image/exif.h"
#include "model/image/format_headers.h"
#include "model/image/image_errors.h"

namespace edgenext {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr size_t kChunkOverhead = 12;  // length, type, checksum

bool IsValidDepth(int color_type, int depth) {
  switch (color_type) {
    case 0:  // gray
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:  // palette
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:  // RGB
    case 4:  // gray and alpha
    case 6:  // RGB and alpha
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

absl::StatusOr<ImageHeader> ReadIhdr(absl::string_view body) {
  const ByteReader ihdr(body);
  if (ihdr.size() != 13) return ImageCorrupt("PNG's IHDR has ", ihdr.size(), " bytes, expected 13");
  const uint32_t width = ihdr.Big32(0);
  const uint32_t height = ihdr.Big32(4);
  constexpr uint32_t kMaxSide = std::numeric_limits<int32_t>::max();
  if (width == 0 || height == 0 || width > kMaxSide || height > kMaxSide) {
    return ImageCorrupt("PNG is ", width, "x", height, " pixels");
  }
  const int depth = ihdr.U8(8);
  const int color_type = ihdr.U8(9);
  if (!IsValidDepth(color_type, depth)) {
    return ImageCorrupt("PNG has colour type ", color_type, " with ", depth, " bits a channel");
  }
  ImageHeader header;
  header.format = ImageFormat::kPng;
  header.width = static_cast<int>(width);
  header.height = static_cast<int>(height);
  header.bits_per_channel = depth == 16 ? 16 : 8;
  return header;
}

}  // namespace

absl::StatusOr<ImageHeader> ReadPngHeader(absl::string_view file) {
  const ByteReader reader(file);
  if (!reader.HasText(kSignatureBytes + 4, "IHDR"))
    return ImageCorrupt("PNG does not begin with its IHDR chunk");
  ImageHeader header;
  bool has_data = false;
  for (size_t at = kSignatureBytes;;) {
    const size_t length = reader.Big32(at);
    if (!reader.Has(at, kChunkOverhead) || !reader.Has(at + kChunkOverhead, length)) {
      return ImageCorrupt("PNG of ", file.size(), " bytes is cut off in the chunk at byte ", at);
    }
    const absl::string_view type = reader.Slice(at + 4, 4);
    const absl::string_view body = reader.Slice(at + 8, length);
    if (at == kSignatureBytes) {
      absl::StatusOr<ImageHeader> read = ReadIhdr(body);
      if (!read.ok()) return read.status();
      header = *read;
    } else if (type == "acTL") {
      return ImageUnsupported("animated PNG is not supported");
    } else if (type == "eXIf") {
      header.orientation = ReadExifOrientation(body);
    } else if (type == "IDAT") {
      has_data = true;
    } else if (type == "IEND") {
      break;
    }
    at += kChunkOverhead + length;
  }
  if (!has_data) return ImageCorrupt("PNG has no image data");
  return header;
}

}  // namespace edgenext
