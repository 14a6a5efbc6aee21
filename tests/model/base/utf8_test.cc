#include "model/base/utf8.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

// UTF-8 by its definition (RFC 3629, section 3), for any number below 2^21.
std::string Encode(uint32_t code_point) {
  const auto byte = [](uint32_t bits) { return static_cast<char>(bits); };
  const auto tail = [&](int shift) { return byte(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) return {byte(0xE0 | code_point >> 12), tail(6), tail(0)};
  return {byte(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8Test, EveryCodePointButTheSurrogatesIsValid) {
  for (uint32_t code_point = 0; code_point < 0x200000; ++code_point) {
    const std::string text = Encode(code_point);
    const bool is_scalar = code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
    ASSERT_EQ(Utf8SequenceLength(text), is_scalar ? text.size() : 0) << code_point;
    ASSERT_EQ(IsValidUtf8(text), is_scalar) << code_point;
  }
}

TEST(Utf8Test, CutSequencesAreNot) {
  for (const uint32_t code_point : {0x80u, 0x7FFu, 0x800u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    const std::string text = Encode(code_point);
    for (size_t size = 1; size < text.size(); ++size)
      EXPECT_FALSE(IsValidUtf8(text.substr(0, size))) << code_point;
    for (size_t i = 1; i < text.size(); ++i) {
      std::string broken = text;
      broken[i] = 'a';
      EXPECT_EQ(Utf8SequenceLength(broken), 0u) << code_point;
    }
  }
}

TEST(Utf8Test, OverlongFormsAndStrayBytesAreNot) {
  for (const char* text :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\x80", "\xBF", "\xFE", "\xFF", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << text;
  }
}

TEST(Utf8Test, TextsAreValidAsAWhole) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\xA7"));
  EXPECT_TRUE(IsValidUtf8(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsValidUtf8("fine until \xC3("));
  EXPECT_EQ(Utf8SequenceLength("\xC3\xBC and more"), 2u);
}

}  // namespace
}  // namespace edgenext
