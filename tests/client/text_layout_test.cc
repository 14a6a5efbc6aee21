#include "client/text_layout.h"

#include "gtest/gtest.h"

namespace edgenext {
namespace {

TEST(TextLayout, CountsCodePoints) {
  EXPECT_EQ(TextWidth(""), 0U);
  EXPECT_EQ(TextWidth("abc"), 3U);
  EXPECT_EQ(TextWidth("Bär"), 3U);
  EXPECT_EQ(PadRight("Bär", 5), "Bär  ");
  EXPECT_EQ(PadLeft("Bär", 5), "  Bär");
  EXPECT_EQ(PadLeft("longer", 3), "longer");
}

TEST(TextLayout, ShortensToTheEndOfAPath) {
  EXPECT_EQ(ShortenLeft("a/b.jpg", 7), "a/b.jpg");
  EXPECT_EQ(ShortenLeft("photos/b.jpg", 7), "…/b.jpg");
  EXPECT_EQ(ShortenLeft("photos/b.jpg", 9), "…/b.jpg");
  EXPECT_EQ(ShortenLeft("photos/butterfly.jpg", 8), "…fly.jpg");
  EXPECT_EQ(ShortenLeft("ä/ööö.jpg", 6), "…ö.jpg");
  EXPECT_EQ(ShortenLeft("abc", 1), "…");
  EXPECT_EQ(ShortenLeft("abc", 0), "");
}

TEST(TextLayout, ShortensToTheBeginningOfALabel) {
  EXPECT_EQ(ShortenRight("camera", 6), "camera");
  EXPECT_EQ(ShortenRight("camera with flash", 8), "camera …");
  EXPECT_EQ(ShortenRight("ööö", 2), "ö…");
  EXPECT_EQ(ShortenRight("abc", 1), "…");
  EXPECT_EQ(ShortenRight("abc", 0), "");
}

TEST(TextLayout, DisarmsControlCharacters) {
  EXPECT_EQ(Printable("red \033[31m\n\x7f Bär"), "red ?[31m?? Bär");
}

TEST(TextLayout, DrawsBarsInEighths) {
  EXPECT_EQ(Bar(0, 2), "  ");
  EXPECT_EQ(Bar(1, 2), "██");
  EXPECT_EQ(Bar(0.5, 2), "█ ");
  EXPECT_EQ(Bar(0.75, 2), "█▌");
  EXPECT_EQ(Bar(1.0 / 16, 2), "▏ ");
  EXPECT_EQ(Bar(-1, 2), "  ");
  EXPECT_EQ(Bar(7, 2), "██");
}

}  // namespace
}  // namespace edgenext
