#include "client/base/text_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace edgenext {
namespace {

bool StartsCodePoint(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

// Length in bytes of the code point at the start of `text`, which is not empty; 0 if it is malformed (The
// Unicode Standard, table 3-7) or a control character (category Cc).
size_t PrintableLength(absl::string_view text) {
  static constexpr std::array<uint32_t, 5> kLeastOfLength = {0, 0x20, 0xA0, 0x800, 0x10000};
  constexpr uint32_t kDelete = 0x7F;
  constexpr uint32_t kLast = 0x10FFFF;
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xC0 ? 0
                        : lead < 0xE0 ? 2
                        : lead < 0xF0 ? 3
                        : lead < 0xF8 ? 4
                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  uint32_t code = length == 1 ? lead : lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if (StartsCodePoint(text[i])) return 0;
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeastOfLength[length] || code > kLast || code == kDelete || is_surrogate) return 0;
  return length;
}

std::string Spaces(size_t taken, size_t width) { return std::string(width > taken ? width - taken : 0, ' '); }

}  // namespace

std::string Printable(absl::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const size_t length = PrintableLength(text);
    printable += length == 0 ? "?" : std::string(text.substr(0, length));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return printable;
}

size_t TextWidth(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCodePoint));
}

std::string PadRight(absl::string_view text, size_t width) {
  return absl::StrCat(text, Spaces(TextWidth(text), width));
}

std::string PadLeft(absl::string_view text, size_t width) {
  return absl::StrCat(Spaces(TextWidth(text), width), text);
}

std::string ShortenLeft(absl::string_view text, size_t width) {
  size_t taken = TextWidth(text);
  if (taken <= width) return std::string(text);
  if (width == 0) return "";
  while (taken > width - 1) {
    text.remove_prefix(1);
    while (!text.empty() && !StartsCodePoint(text.front())) text.remove_prefix(1);
    --taken;
  }
  const size_t slash = text.find('/');
  return absl::StrCat("…", slash == absl::string_view::npos ? text : text.substr(slash));
}

std::string ShortenRight(absl::string_view text, size_t width) {
  if (TextWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t end = 0;
  for (size_t kept = 0; kept < width; ++end) {
    if (StartsCodePoint(text[end])) ++kept;
  }
  return absl::StrCat(text.substr(0, end - 1), "…");
}

std::string Bar(double share, size_t width) {
  static constexpr std::array<const char*, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double clamped = std::min(std::max(share, 0.0), 1.0);
  const auto eighths = static_cast<size_t>(std::lround(clamped * static_cast<double>(width) * 8));
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += "█";
  bar += kEighths[eighths % 8];
  return PadRight(bar, width);
}

}  // namespace edgenext
