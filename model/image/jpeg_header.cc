#include <cstring>

#include "model/image/byte_reader.h"
#include "model/image/exif.h"
#include "model/image/format_headers.h"
#include "model/image/image_errors.h"

namespace edgenext {
namespace {

constexpr uint8_t kSof0 = 0xc0;  // baseline
constexpr uint8_t kSof2 = 0xc2;  // progressive; 0xc1 is extended sequential
constexpr uint8_t kSof15 = 0xcf;
constexpr uint8_t kDht = 0xc4;
constexpr uint8_t kJpg = 0xc8;
constexpr uint8_t kDac = 0xcc;
constexpr uint8_t kRst0 = 0xd0;
constexpr uint8_t kRst7 = 0xd7;
constexpr uint8_t kSoi = 0xd8;
constexpr uint8_t kEoi = 0xd9;
constexpr uint8_t kSos = 0xda;
constexpr uint8_t kDnl = 0xdc;
constexpr uint8_t kDhp = 0xde;
constexpr uint8_t kApp1 = 0xe1;
constexpr uint8_t kTem = 0x01;
constexpr int kMaxScans = 100;

bool IsFrameHeader(uint8_t marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

class JpegWalker {
 public:
  explicit JpegWalker(absl::string_view file) : file_(file), reader_(file) {}

  absl::StatusOr<ImageHeader> Walk() {
    size_t at = 2;  // after SOI
    while (true) {
      at = NextMarker(at);
      if (!reader_.Has(at, 2)) return Truncated(at, "a marker");
      const uint8_t marker = reader_.U8(at + 1);
      at += 2;
      if (marker == kEoi) break;
      if (marker == kSoi || marker == kTem || (marker >= kRst0 && marker <= kRst7)) {
        return ImageCorrupt("JPEG has the marker ", int{marker}, " at byte ", at - 1,
                            ", where none such belongs");
      }
      const size_t length = reader_.Big16(at);  // counts itself
      if (length < 2 || !reader_.Has(at, length)) return Truncated(at, "a segment");
      const absl::Status status = Segment(marker, reader_.Slice(at + 2, length - 2));
      if (!status.ok()) return status;
      at += length;
      if (marker == kSos) at = SkipEntropyCodedData(at);
    }
    if (header_.width == 0) return ImageCorrupt("JPEG has no frame header");
    if (scans_ == 0) return ImageCorrupt("JPEG has no image data");
    return header_;
  }

 private:
  absl::Status Truncated(size_t at, absl::string_view what) const {
    return ImageCorrupt("JPEG of ", file_.size(), " bytes is broken or cut off at byte ", at, ", where ",
                        what, " should be");
  }

  absl::Status Segment(uint8_t marker, absl::string_view body) {
    if (IsFrameHeader(marker)) return Frame(marker, ByteReader(body));
    if (marker == kDac || marker == kDhp || marker == kDnl) {
      return ImageUnsupported("arithmetic-coded, hierarchical and DNL JPEG is not supported");
    }
    if (marker == kSos) {
      if (header_.width == 0) return ImageCorrupt("JPEG has image data before its frame header");
      if (++scans_ > kMaxScans) return ImageUnsupported("JPEG has more than ", kMaxScans, " scans");
    }
    if (marker == kApp1 && !exif_seen_ && ByteReader(body).HasText(0, absl::string_view("Exif\0\0", 6))) {
      exif_seen_ = true;
      header_.orientation = ReadExifOrientation(body);
    }
    return absl::OkStatus();
  }

  absl::Status Frame(uint8_t marker, const ByteReader& frame) {
    if (marker > kSof2)
      return ImageUnsupported("lossless, hierarchical and arithmetic-coded JPEG is not supported");
    if (header_.width != 0) return ImageCorrupt("JPEG has two frame headers");
    const int precision = frame.U8(0);
    const int components = frame.U8(5);
    if (!frame.Has(0, 6 + 3 * static_cast<size_t>(components)))
      return ImageCorrupt("JPEG has a short frame header");
    if (precision != 8) return ImageUnsupported("JPEG has ", precision, " bits a channel, expected 8");
    if (components != 1 && components != 3 && components != 4) {
      return ImageUnsupported("JPEG has ", components, " components, expected 1, 3 or 4");
    }
    header_.height = frame.Big16(1);
    header_.width = frame.Big16(3);
    if (header_.width == 0) return ImageCorrupt("JPEG is 0 pixels wide");
    if (header_.height == 0)
      return ImageUnsupported("JPEG without a height in its frame header is not supported");
    return absl::OkStatus();
  }

  // The position of the next 0xff that a marker's number follows, or the end of the file. What lies before is
  // fill bytes, or stray ones, which decoders skip too.
  size_t NextMarker(size_t at) const {
    const auto marker_at = [this](size_t i) {
      return reader_.U8(i) == 0xff && reader_.U8(i + 1) != 0xff && reader_.U8(i + 1) != 0;
    };
    while (reader_.Has(at, 2) && !marker_at(at)) ++at;
    return at;
  }

  // The position of the next marker other than a restart marker, or the end of the file.
  size_t SkipEntropyCodedData(size_t at) const {
    while (at < file_.size()) {
      const void* found = std::memchr(file_.data() + at, 0xff, file_.size() - at);
      if (found == nullptr) return file_.size();
      at = static_cast<size_t>(static_cast<const char*>(found) - file_.data());
      const uint8_t next = reader_.U8(at + 1);
      const bool stuffed = next == 0 && reader_.Has(at, 2);
      if (!stuffed && !(next >= kRst0 && next <= kRst7) && next != 0xff) return at;
      at += next == 0xff ? 1 : 2;
    }
    return at;
  }

  absl::string_view file_;
  ByteReader reader_;
  ImageHeader header_;
  int scans_ = 0;
  bool exif_seen_ = false;
};

}  // namespace

absl::StatusOr<ImageHeader> ReadJpegHeader(absl::string_view file) { return JpegWalker(file).Walk(); }

}  // namespace edgenext
