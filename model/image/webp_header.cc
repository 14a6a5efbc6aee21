#include "model/image/byte_reader.h"
#include "model/image/exif.h"
#include "model/image/format_headers.h"
#include "model/image/image_errors.h"

namespace edgenext {
namespace {

constexpr size_t kRiffHeaderBytes = 12;  // "RIFF", size, "WEBP"
constexpr size_t kChunkHeaderBytes = 8;
constexpr uint8_t kAnimationFlag = 0x02;  // in VP8X

struct Size {
  int width = 0;
  int height = 0;
};

// A lossy key frame: 3 bytes of frame tag, a start code, two 14-bit sizes.
absl::StatusOr<Size> ReadVp8Size(const ByteReader& frame) {
  if (!frame.Has(0, 10) || frame.Slice(3, 3) != "\x9d\x01\x2a")
    return ImageCorrupt("WebP's VP8 frame has no header");
  return Size{frame.Little16(6) & 0x3fff, frame.Little16(8) & 0x3fff};
}

// A lossless frame: a signature byte, two 14-bit sizes less one.
absl::StatusOr<Size> ReadVp8lSize(const ByteReader& frame) {
  if (!frame.Has(0, 5) || frame.U8(0) != 0x2f) return ImageCorrupt("WebP's VP8L frame has no header");
  const uint32_t bits = frame.Little32(1);
  return Size{static_cast<int>(bits & 0x3fff) + 1, static_cast<int>(bits >> 14 & 0x3fff) + 1};
}

}  // namespace

absl::StatusOr<ImageHeader> ReadWebpHeader(absl::string_view file) {
  const ByteReader reader(file);
  const size_t riff_size = reader.Little32(4);  // of what follows it, from "WEBP" on
  if (riff_size < 4 || !reader.Has(8, riff_size)) {
    return ImageCorrupt("WebP has ", file.size(), " bytes, expected ", riff_size + 8);
  }
  const size_t end = 8 + riff_size;
  ImageHeader header;
  header.format = ImageFormat::kWebp;
  Size canvas;
  Size frame;
  for (size_t at = kRiffHeaderBytes; at < end;) {
    const size_t length = reader.Little32(at + 4);
    if (end - at < kChunkHeaderBytes || end - at - kChunkHeaderBytes < length) {
      return ImageCorrupt("WebP is cut off in the chunk at byte ", at);
    }
    const absl::string_view type = reader.Slice(at, 4);
    const ByteReader body(reader.Slice(at + kChunkHeaderBytes, length));
    if (type == "VP8X") {
      if ((body.U8(0) & kAnimationFlag) != 0) return ImageUnsupported("animated WebP is not supported");
      if (!body.Has(0, 10)) return ImageCorrupt("WebP's VP8X chunk has ", length, " bytes, expected 10");
      canvas = {static_cast<int>(body.Little24(4)) + 1, static_cast<int>(body.Little24(7)) + 1};
    } else if (type == "ANIM" || type == "ANMF") {
      return ImageUnsupported("animated WebP is not supported");
    } else if (type == "VP8 " || type == "VP8L") {
      if (frame.width != 0) return ImageCorrupt("WebP has two frames");
      absl::StatusOr<Size> size = type == "VP8 " ? ReadVp8Size(body) : ReadVp8lSize(body);
      if (!size.ok()) return size.status();
      frame = *size;
    } else if (type == "EXIF") {
      header.orientation = ReadExifOrientation(reader.Slice(at + kChunkHeaderBytes, length));
    }
    at += kChunkHeaderBytes + length + length % 2;
  }
  if (frame.width == 0 || frame.height == 0) return ImageCorrupt("WebP has no frame");
  if (canvas.width != 0 && (canvas.width != frame.width || canvas.height != frame.height)) {
    return ImageCorrupt("WebP's canvas is ", canvas.width, "x", canvas.height, " and its frame ", frame.width,
                        "x", frame.height);
  }
  header.width = frame.width;
  header.height = frame.height;
  return header;
}

}  // namespace edgenext
