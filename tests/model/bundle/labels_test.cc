#include "model/bundle/labels.h"

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseLabelsTest, OneLineAClass) {
  EXPECT_THAT(ParseLabels("cat\ndog\n", 2), IsOkAndHolds(ElementsAre("cat", "dog")));
  EXPECT_THAT(ParseLabels("cat\ndog", 2), IsOkAndHolds(ElementsAre("cat", "dog")));
  EXPECT_THAT(ParseLabels("cat\r\nhot dog\r\n", 2), IsOkAndHolds(ElementsAre("cat", "hot dog")));
  EXPECT_THAT(ParseLabels("Käse\n日本\n\xF0\x9F\x90\xA7\n", 3),
              IsOkAndHolds(ElementsAre("Käse", "日本", "\xF0\x9F\x90\xA7")));
}

TEST(ParseLabelsTest, AByteOrderMarkIsNoLabel) {
  EXPECT_THAT(ParseLabels("\xEF\xBB\xBF"
                          "cat\n\xEF\xBB\xBF"
                          "dog\n",
                          2),
              IsOkAndHolds(ElementsAre("cat",
                                       "\xEF\xBB\xBF"
                                       "dog")));
  EXPECT_THAT(ParseLabels("\xEF\xBB\xBF\n", 1),
              StatusIs(absl::StatusCode::kInvalidArgument, "line 1 is empty"));
}

TEST(ParseLabelsTest, CountIsThatOfTheClasses) {
  EXPECT_THAT(ParseLabels("a\nb\n", 3),
              StatusIs(absl::StatusCode::kInvalidArgument, "it has 2 lines, the model 3 classes"));
  EXPECT_THAT(ParseLabels("a\nb\n", 1),
              StatusIs(absl::StatusCode::kInvalidArgument, "it has 2 lines, the model 1 classes"));
}

TEST(ParseLabelsTest, LinesAreTextAndNotEmpty) {
  EXPECT_THAT(ParseLabels("", 1), StatusIs(absl::StatusCode::kInvalidArgument, "line 1 is empty"));
  EXPECT_THAT(ParseLabels("a\n\nb\n", 3), StatusIs(absl::StatusCode::kInvalidArgument, "line 2 is empty"));
  EXPECT_THAT(ParseLabels("a\nb\n\n", 2), StatusIs(absl::StatusCode::kInvalidArgument, "line 3 is empty"));
  EXPECT_THAT(ParseLabels("a\nb\xC3\nc\n", 3),
              StatusIs(absl::StatusCode::kInvalidArgument, "line 2 is not UTF-8"));
  EXPECT_THAT(ParseLabels("\xED\xA0\x80\n", 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not UTF-8")));
}

TEST(DefaultLabelsTest, ImageNetsForAThousandClasses) {
  const std::vector<std::string> labels = DefaultLabels(1000);
  ASSERT_EQ(labels.size(), 1000u);
  EXPECT_EQ(labels[0], "tench");
  EXPECT_EQ(labels[281], "tabby");
  EXPECT_EQ(labels[999], "toilet tissue");
}

TEST(DefaultLabelsTest, NumbersForOthers) {
  EXPECT_THAT(DefaultLabels(3), ElementsAre("class 0", "class 1", "class 2"));
  EXPECT_EQ(DefaultLabels(21841).size(), 21841u);
}

}  // namespace
}  // namespace edgenext
