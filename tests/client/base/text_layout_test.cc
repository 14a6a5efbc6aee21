#include "client/base/text_layout.h"

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
  // C1, which some terminals obey: CSI is U+009B. The first after them is printed.
  EXPECT_EQ(Printable("\xC2\x80 \xC2\x9B"
                      "31m \xC2\x9F \xC2\xA0"),
            "?? ??31m ?? \xC2\xA0");
  EXPECT_EQ(Printable("日本 \xF0\x9F\x90\xA7 \xF4\x8F\xBF\xBF"), "日本 \xF0\x9F\x90\xA7 \xF4\x8F\xBF\xBF");
}

TEST(TextLayout, DisarmsWhatIsNotUtf8) {
  EXPECT_EQ(Printable("a\x9B"
                      "31m"),
            "a?31m");
  EXPECT_EQ(Printable("\xFF\xC3"), "??");                             // no lead; cut off
  EXPECT_EQ(Printable("\xE6\x97x"), "??x");                           // cut off by another character
  EXPECT_EQ(Printable("\xC1\x9B \xE0\x82\x9B"), "?? ???");            // longer than they need be
  EXPECT_EQ(Printable("\xED\xA0\x80 \xF4\x90\x80\x80"), "??? ????");  // a surrogate; past the last
  EXPECT_EQ(Printable("\xF8\x90\x80\x80"), "????");
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
