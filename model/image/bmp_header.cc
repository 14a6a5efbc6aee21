#include <cstdint>
#include <limits>

#include "model/image/byte_reader.h"
#include "model/image/format_headers.h"
#include "model/image/image_errors.h"

namespace edgenext {
namespace {

constexpr size_t kFileHeaderBytes = 14;
constexpr size_t kOs2HeaderBytes = 12;
constexpr size_t kWindowsHeaderBytes = 40;
constexpr uint32_t kUncompressed = 0;
constexpr uint32_t kBitFields = 3;
constexpr int kLargestPaletteBits = 8;
constexpr uint32_t kLargestPalette = 256;

struct BmpInfo {
  int64_t width;
  int64_t height;
  int bits;
  uint32_t compression;
  uint32_t palette_colours;  // 0: as many as `bits` can name
};

BmpInfo ReadInfo(const ByteReader& reader, size_t info_bytes) {
  if (info_bytes == kOs2HeaderBytes) {
    return {reader.Little16(18), reader.Little16(20), reader.Little16(24), kUncompressed, 0};
  }
  const int64_t height = static_cast<int32_t>(reader.Little32(22));  // negative: rows from the top down
  return {static_cast<int32_t>(reader.Little32(18)), height < 0 ? -height : height, reader.Little16(28),
          reader.Little32(30), reader.Little32(46)};
}

// Bit fields that say what 32 bits without them would mean too: blue, green, red, one byte each.
bool HasUsualMasks(const ByteReader& reader) {
  return reader.Little32(54) == 0xff0000 && reader.Little32(58) == 0xff00 && reader.Little32(62) == 0xff;
}

}  // namespace

absl::StatusOr<ImageHeader> ReadBmpHeader(absl::string_view file) {
  const ByteReader reader(file);
  const size_t data_offset = reader.Little32(10);
  const size_t info_bytes = reader.Little32(14);
  if (!reader.Has(kFileHeaderBytes, 4) || !reader.Has(kFileHeaderBytes, info_bytes))
    return ImageCorrupt("BMP is cut off in its header");
  if (info_bytes != kOs2HeaderBytes && info_bytes < kWindowsHeaderBytes) {
    return ImageUnsupported("BMP has a header of ", info_bytes, " bytes, expected 12, or 40 and more");
  }
  const BmpInfo info = ReadInfo(reader, info_bytes);
  if (info.width <= 0 || info.height == 0 || info.height > std::numeric_limits<int32_t>::max()) {
    return ImageCorrupt("BMP is ", info.width, "x", info.height, " pixels");
  }
  if (info.bits != 1 && info.bits != 4 && info.bits != 8 && info.bits != 24 && info.bits != 32) {
    return ImageUnsupported("BMP has ", info.bits, " bits a pixel, expected 1, 4, 8, 24 or 32");
  }
  if (info.compression != kUncompressed &&
      !(info.compression == kBitFields && info.bits == 32 && HasUsualMasks(reader))) {
    return ImageUnsupported("BMP has compression ", info.compression, ", expected none");
  }
  if (info.bits <= kLargestPaletteBits && info.palette_colours > kLargestPalette) {
    return ImageCorrupt("BMP has a palette of ", info.palette_colours, " colours, expected at most ",
                        kLargestPalette);
  }
  const size_t row_bytes = static_cast<size_t>((info.width * info.bits + 31) / 32 * 4);
  const size_t rows = static_cast<size_t>(info.height);
  if (data_offset < kFileHeaderBytes + info_bytes || data_offset > file.size() ||
      (file.size() - data_offset) / row_bytes < rows) {
    return ImageCorrupt("BMP of ", file.size(), " bytes is cut off: it has ", rows, " rows of ", row_bytes,
                        " bytes from byte ", data_offset, " on");
  }
  ImageHeader header;
  header.format = ImageFormat::kBmp;
  header.width = static_cast<int>(info.width);
  header.height = static_cast<int>(info.height);
  return header;
}

}  // namespace edgenext
