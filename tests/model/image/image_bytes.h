#ifndef TESTS_MODEL_IMAGE_IMAGE_BYTES_H_
#define TESTS_MODEL_IMAGE_IMAGE_BYTES_H_

#include <cstdint>
#include <string>

// Image files put together by hand, for kinds that no sample has.
namespace edgenext {

inline std::string Little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

inline std::string Big(uint64_t value, int bytes) {
  const std::string reversed = Little(value, bytes);
  return {reversed.rbegin(), reversed.rend()};
}

// A Windows bitmap around rows that are already padded.
inline std::string Bmp(int width, int height, int bits, const std::string& palette, const std::string& rows,
                       uint32_t compression = 0) {
  const size_t offset = 54 + palette.size();
  return "BM" + Little(offset + rows.size(), 4) + Little(0, 4) + Little(offset, 4) + Little(40, 4) +
         Little(static_cast<uint32_t>(width), 4) + Little(static_cast<uint32_t>(height), 4) + Little(1, 2) +
         Little(static_cast<uint32_t>(bits), 2) + Little(compression, 4) + Little(rows.size(), 4) +
         Little(0, 8) + Little(bits <= 8 ? palette.size() / 4 : 0, 4) + Little(0, 4) + palette + rows;
}

constexpr char kPngSignature[] = "\x89PNG\r\n\x1a\n";

// With a checksum of zero: for header tests.
inline std::string PngChunk(const std::string& type, const std::string& body) {
  return Big(body.size(), 4) + type + body + Big(0, 4);
}

inline std::string Ihdr(uint32_t width, uint32_t height, int depth, int color_type) {
  return PngChunk("IHDR", Big(width, 4) + Big(height, 4) + Big(static_cast<uint32_t>(depth), 1) +
                              Big(static_cast<uint32_t>(color_type), 1) + std::string(3, '\0'));
}

inline std::string RiffChunk(const std::string& type, const std::string& body) {
  return type + Little(body.size(), 4) + body + std::string(body.size() % 2, '\0');
}

inline std::string Webp(const std::string& chunks) {
  return "RIFF" + Little(4 + chunks.size(), 4) + "WEBP" + chunks;
}

inline std::string Vp8x(uint32_t flags, uint32_t width, uint32_t height) {
  return RiffChunk("VP8X", Little(flags, 4) + Little(width - 1, 3) + Little(height - 1, 3));
}

// The head of a lossless frame; no decoder gets further.
inline std::string Vp8lHead(uint32_t width, uint32_t height) {
  return RiffChunk("VP8L", "\x2f" + Little((width - 1) | (height - 1) << 14, 4));
}

inline std::string JpegSegment(int marker, const std::string& body) {
  return "\xff" + Big(static_cast<uint32_t>(marker), 1) + Big(body.size() + 2, 2) + body;
}

inline std::string JpegFrame(int marker, int precision, uint32_t height, uint32_t width, int components) {
  std::string body = Big(static_cast<uint32_t>(precision), 1) + Big(height, 2) + Big(width, 2) +
                     Big(static_cast<uint32_t>(components), 1);
  for (int i = 1; i <= components; ++i)
    body += Big(static_cast<uint32_t>(i), 1) + "\x11" + std::string(1, '\0');
  return JpegSegment(marker, body);
}

inline std::string JpegScan() {
  return JpegSegment(0xda, std::string("\x01\x01\x00\x00\x3f\x00", 6)) + "\x12\x34";
}

constexpr int kTiffShort = 3;  // else a type of 4 bytes

// EXIF data whose only entry is the orientation, without the prefix "Exif\0\0".
inline std::string ExifOrientation(uint32_t orientation, bool little_endian = true, int type = kTiffShort) {
  const auto number = [&](uint64_t value, int bytes) {
    return little_endian ? Little(value, bytes) : Big(value, bytes);
  };
  return (little_endian ? "II" : "MM") + number(42, 2) + number(8, 4) + number(1, 2) + number(0x0112, 2) +
         number(static_cast<uint64_t>(type), 2) + number(1, 4) +
         (type == kTiffShort ? number(orientation, 2) + number(0, 2) : number(orientation, 4)) + number(0, 4);
}

}  // namespace edgenext

#endif  // TESTS_MODEL_IMAGE_IMAGE_BYTES_H_
