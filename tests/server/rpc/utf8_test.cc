#include "server/rpc/utf8.h"

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

TEST(Utf8Test, KeepsWhatIsValid) {
  EXPECT_EQ(ToValidUtf8("", 10), "");
  EXPECT_EQ(ToValidUtf8("plain", 10), "plain");
  const std::string all = "a\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  EXPECT_EQ(ToValidUtf8(all, 100), all);
}

TEST(Utf8Test, ReplacesEveryByteThatIsNotValid) {
  EXPECT_EQ(ToValidUtf8("a\x80z", 10), "a?z");                  // continuation alone
  EXPECT_EQ(ToValidUtf8("\xC3", 10), "?");                      // cut off
  EXPECT_EQ(ToValidUtf8("\xC3(", 10), "?(");                    // no continuation
  EXPECT_EQ(ToValidUtf8("\xC0\x80", 10), "??");                 // overlong, 2 bytes
  EXPECT_EQ(ToValidUtf8("\xE0\x9F\xBF", 10), "???");            // overlong, 3 bytes
  EXPECT_EQ(ToValidUtf8("\xF0\x8F\xBF\xBF", 10), "????");       // overlong, 4 bytes
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80", 10), "???");            // surrogate
  EXPECT_EQ(ToValidUtf8("\xF4\x90\x80\x80", 10), "????");       // above U+10FFFF
  EXPECT_EQ(ToValidUtf8("\xF5\x80\x80\x80\xFF", 10), "?????");  // no such lead
}

TEST(Utf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(ToValidUtf8("abcdef", 3), "abc");
  EXPECT_EQ(ToValidUtf8("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(ToValidUtf8("ab\xC3\xA9", 4), "ab\xC3\xA9");
  EXPECT_EQ(ToValidUtf8("abc", 0), "");
}

}  // namespace
}  // namespace edgenext::serving
