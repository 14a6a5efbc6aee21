#include "model/verify/preprocess.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

std::string FolderWithCases(const testing::TempDir& folder, const std::string& json) {
  std::ofstream(folder.path() + "/cases.json") << json;
  return folder.path();
}

TEST(ReadPreprocessCasesTest, ReadsSquareAndOtherSizes) {
  const testing::TempDir folder;
  const std::string path = FolderWithCases(folder, R"([
      {"image": "a.jpg", "size": 224, "crop_pct": 0.9, "expected": "a.png", "mode": "CMYK", "width": 3},
      {"image": "b.png", "size": [64, 96], "crop_pct": 1, "expected": "b.png"}])");
  ASSERT_OK_AND_ASSIGN(const std::vector<PreprocessCase> cases, ReadPreprocessCases(path));
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].image, "a.jpg");
  EXPECT_EQ(cases[0].spec.height, 224);
  EXPECT_EQ(cases[0].spec.width, 224);
  EXPECT_EQ(cases[0].spec.crop_pct, 0.9);
  EXPECT_EQ(cases[0].tolerance, 2);
  EXPECT_EQ(cases[1].spec.height, 64);
  EXPECT_EQ(cases[1].spec.width, 96);
  EXPECT_EQ(cases[1].tolerance, 1);
}

TEST(ReadPreprocessCasesTest, SaysWhatIsWrong) {
  for (const char* json :
       {"", "[]", "{", "[{}]", R"([{"image": 1, "size": 2, "crop_pct": 1, "expected": "a"}])",
        R"([{"image": "a", "size": [64], "crop_pct": 1, "expected": "a"}])",
        R"([{"image": "a", "size": -1, "crop_pct": 1, "expected": "a"}])",
        R"([{"image": "a", "size": 64, "crop_pct": 0, "expected": "a"}])"}) {
    const testing::TempDir folder;
    EXPECT_THAT(ReadPreprocessCases(FolderWithCases(folder, json)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cases.json")))
        << json;
  }
  EXPECT_THAT(ReadPreprocessCases("/nowhere"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ComparePreprocessedTest, SeesAnotherImage) {
  const std::string folder = EDGENEXT_TEST_DATA "/preprocess";
  ASSERT_OK_AND_ASSIGN(std::vector<PreprocessCase> cases, ReadPreprocessCases(folder));
  PreprocessCase swapped = cases[0];
  swapped.expected = cases[1].expected;
  ASSERT_OK_AND_ASSIGN(const int difference, ComparePreprocessed(folder, swapped));
  EXPECT_GT(difference, 10);
  swapped.spec.height = 64;
  EXPECT_THAT(ComparePreprocessed(folder, swapped),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is 256x256, expected 64x256")));
}

}  // namespace
}  // namespace edgenext
