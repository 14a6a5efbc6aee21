#include "client/text_layout.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace edgenext {
namespace {

bool StartsCodePoint(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::string Spaces(size_t taken, size_t width) { return std::string(width > taken ? width - taken : 0, ' '); }

}  // namespace

std::string Printable(absl::string_view text) {
  std::string printable(text);
  for (char& byte : printable) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7F) byte = '?';
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
