#include "model/image/exif.h"

#include "model/image/byte_reader.h"

namespace edgenext {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
// The types of whole numbers that writers use for it; the standard wants the first.
constexpr uint16_t kShort = 3;
constexpr uint16_t kLong = 4;
constexpr uint16_t kSignedLong = 9;
constexpr size_t kEntryBytes = 12;

}  // namespace

int ReadExifOrientation(absl::string_view exif) {
  constexpr absl::string_view kPrefix("Exif\0\0", 6);
  if (ByteReader(exif).HasText(0, kPrefix)) exif.remove_prefix(kPrefix.size());
  const ByteReader tiff(exif);
  const bool little = tiff.HasText(0, absl::string_view("II*\0", 4));
  if (!little && !tiff.HasText(0, absl::string_view("MM\0*", 4))) return 1;
  const auto u16 = [&](size_t at) { return little ? tiff.Little16(at) : tiff.Big16(at); };
  const auto u32 = [&](size_t at) { return little ? tiff.Little32(at) : tiff.Big32(at); };

  const size_t directory = u32(4);
  const size_t entries = u16(directory);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (!tiff.Has(entry, kEntryBytes)) return 1;
    const uint16_t type = u16(entry + 2);
    if (u16(entry) != kOrientationTag || (type != kShort && type != kLong && type != kSignedLong)) continue;
    const uint32_t orientation = type == kShort ? u16(entry + 8) : u32(entry + 8);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return 1;
}

}  // namespace edgenext
