#include "model/base/log.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr char kTime[] = "2026-01-31T12:00:00.123Z";

std::string Text(absl::string_view value) {
  return FormatLogLine(LogFormat::kText, kTime, LogLevel::kInfo, "e", {{"k", value}});
}
std::string Json(absl::string_view value) {
  return FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, "e", {{"k", value}});
}

TEST(FormatLogLineTest, Text) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kTime, LogLevel::kInfo, "model loaded",
                          {{"variant", "edgenext_small"}, {"ms", 41}}),
            "2026-01-31T12:00:00.123Z INFO  model loaded variant=edgenext_small ms=41");
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kTime, LogLevel::kWarning, "late", {}),
            "2026-01-31T12:00:00.123Z WARN  late");
}

TEST(FormatLogLineTest, Json) {
  EXPECT_EQ(
      FormatLogLine(LogFormat::kJson, kTime, LogLevel::kError, "model loaded",
                    {{"variant", "edgenext_small"}, {"ms", 41}}),
      R"({"time":"2026-01-31T12:00:00.123Z","level":"ERROR","event":"model loaded","variant":"edgenext_small","ms":"41"})");
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kDebug, "late", {}),
            R"({"time":"2026-01-31T12:00:00.123Z","level":"DEBUG","event":"late"})");
}

TEST(FormatLogLineTest, TextQuotesWhatCouldBeReadAsMoreFields) {
  EXPECT_THAT(Text("plain-1.5/x"), EndsWith(" e k=plain-1.5/x"));
  EXPECT_THAT(Text(""), EndsWith(" e k=\"\""));
  EXPECT_THAT(Text("a b"), EndsWith(" e k=\"a b\""));
  EXPECT_THAT(Text("x level=ERROR"), EndsWith(" e k=\"x level=ERROR\""));
  EXPECT_THAT(Text("say \"hi\""), EndsWith(" e k=\"say \\\"hi\\\"\""));
}

TEST(FormatLogLineTest, NothingForgesALineOrDrivesATerminal) {
  for (const std::string& line : {Text("a\nb\r\x1B[31m\x7F"), Json("a\nb\r\x1B[31m\x7F")}) {
    EXPECT_THAT(line, HasSubstr("a\\u000ab\\u000d\\u001b[31m\\u007f")) << line;
  }
  for (const std::string& line : {Text("\xC2\x9B"
                                       "2J"),
                                  Json("\xC2\x9B"
                                       "2J")})
    EXPECT_THAT(line, HasSubstr("\\u009b2J"));
  EXPECT_THAT(Json(absl::string_view("a\0b", 3)), HasSubstr("a\\u0000b"));
  EXPECT_THAT(Json("back\\slash"), HasSubstr("back\\\\slash"));
}

TEST(FormatLogLineTest, StrayBytesAreEscapedAndTextIsKept) {
  EXPECT_THAT(Json("Gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xA7"),
              HasSubstr("\"Gr\xC3\xBC\xC3\x9F \xF0\x9F\x90\xA7\""));
  EXPECT_THAT(Json("a\xFF\xC3("), HasSubstr("a\\u00ff\\u00c3("));
}

TEST(FormatLogLineTest, LongValuesAreCutBetweenCharacters) {
  EXPECT_THAT(Json(std::string(512, 'x')), EndsWith(std::string(512, 'x') + "\"}"));
  EXPECT_THAT(Json(std::string(513, 'x')), EndsWith("\"" + std::string(512, 'x') + "...\"}"));
  // The two bytes of the last character lie on either side of the limit.
  EXPECT_THAT(Json(std::string(511, 'x') + "\xC3\xBC"), EndsWith("\"" + std::string(511, 'x') + "...\"}"));
}

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override {
    SetLogFormat(LogFormat::kText);
    SetLogLevel(LogLevel::kInfo);
  }
};

TEST_F(LogTest, WritesALineWithTheTimeToStandardError) {
  ::testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "ready", {{"port", 8001}});
  EXPECT_THAT(
      ::testing::internal::GetCapturedStderr(),
      MatchesRegex(
          "20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\\.[0-9][0-9][0-9]Z INFO  "
          "ready port=8001\n"));
}

TEST_F(LogTest, KeepsToFormatAndLevel) {
  SetLogFormat(LogFormat::kJson);
  SetLogLevel(LogLevel::kWarning);
  ::testing::internal::CaptureStderr();
  Log(LogLevel::kDebug, "one");
  Log(LogLevel::kInfo, "two");
  Log(LogLevel::kWarning, "three");
  Log(LogLevel::kError, "four");
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(output, Not(HasSubstr("one")));
  EXPECT_THAT(output, Not(HasSubstr("two")));
  EXPECT_THAT(output, HasSubstr("\"event\":\"three\"}\n"));
  EXPECT_THAT(output, EndsWith("\"event\":\"four\"}\n"));
}

TEST_F(LogTest, LinesOfSeveralThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  ::testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kLines; ++i)
        Log(LogLevel::kInfo, "line", {{"thread", t}, {"text", std::string(300, 'x')}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string output = ::testing::internal::GetCapturedStderr();
  std::vector<std::string> lines = absl::StrSplit(output, '\n');
  ASSERT_EQ(lines.size(), size_t{kThreads * kLines + 1});
  EXPECT_THAT(lines.back(), IsEmpty());
  lines.pop_back();
  for (const std::string& line : lines) {
    EXPECT_THAT(line, EndsWith(absl::StrCat(" text=", std::string(300, 'x'))));
    EXPECT_THAT(line, HasSubstr("INFO  line thread="));
  }
}

}  // namespace
}  // namespace edgenext
