#ifndef MODEL_IMAGE_BYTE_READER_H_
#define MODEL_IMAGE_BYTE_READER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace edgenext {

// Numbers in untrusted bytes, by position. Reading beyond the end gives 0; callers that must tell the
// difference ask Has first. Value type; the bytes belong to somebody else.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size(); }
  bool Has(size_t position, size_t count) const {
    return position <= bytes_.size() && count <= bytes_.size() - position;
  }
  // Empty unless all of it is there.
  absl::string_view Slice(size_t position, size_t count) const {
    return Has(position, count) ? bytes_.substr(position, count) : absl::string_view();
  }
  bool HasText(size_t position, absl::string_view text) const { return Slice(position, text.size()) == text; }

  uint8_t U8(size_t position) const {
    return Has(position, 1) ? static_cast<uint8_t>(bytes_[position]) : uint8_t{0};
  }
  uint16_t Big16(size_t position) const {
    return static_cast<uint16_t>(U8(position) << 8 | U8(position + 1));
  }
  uint32_t Big32(size_t position) const { return uint32_t{Big16(position)} << 16 | Big16(position + 2); }
  uint16_t Little16(size_t position) const {
    return static_cast<uint16_t>(U8(position + 1) << 8 | U8(position));
  }
  uint32_t Little24(size_t position) const { return uint32_t{U8(position + 2)} << 16 | Little16(position); }
  uint32_t Little32(size_t position) const {
    return uint32_t{Little16(position + 2)} << 16 | Little16(position);
  }

 private:
  absl::string_view bytes_;
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_BYTE_READER_H_
