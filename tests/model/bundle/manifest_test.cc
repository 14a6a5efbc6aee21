#include "model/bundle/manifest.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kGood[] = R"({
  "name": "pets-v2",
  "version": "12",
  "variant": "edgenext_small",
  "weights": "model.safetensors",
  "labels": "labels.txt",
  "input_size": [192, 352],
  "crop_pct": 0.95,
  "interpolation": "bicubic",
  "mean": [0.5, 0.25, 0],
  "std": [1, 0.5, 0.25]
})";

// The good manifest with `from` replaced.
std::string With(const std::string& from, const std::string& to) {
  std::string text = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(text, kGood) << from;
  return text;
}

// The good manifest with one more member.
std::string Plus(const std::string& member) { return With("\"name\"", member + ", \"name\""); }

TEST(ManifestTest, ReadsEveryKey) {
  ASSERT_OK_AND_ASSIGN(
      const Manifest manifest,
      ParseManifest(Plus(R"("precision": "f32", "source": "a page", "license": "Apache-2.0", "sha256":)"
                         R"("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")")));
  EXPECT_EQ(manifest.name, "pets-v2");
  EXPECT_EQ(manifest.version, "12");
  EXPECT_EQ(manifest.variant, "edgenext_small");
  EXPECT_EQ(manifest.weights, "model.safetensors");
  EXPECT_EQ(manifest.labels, "labels.txt");
  EXPECT_EQ(manifest.preprocess.height, 192);
  EXPECT_EQ(manifest.preprocess.width, 352);
  EXPECT_EQ(manifest.preprocess.crop_pct, 0.95);
  EXPECT_THAT(manifest.preprocess.mean, ElementsAre(0.5f, 0.25f, 0.0f));
  EXPECT_THAT(manifest.preprocess.std, ElementsAre(1.0f, 0.5f, 0.25f));
  EXPECT_EQ(manifest.precision, "f32");
  EXPECT_EQ(manifest.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ManifestTest, OptionalKeysHaveDefaults) {
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(With("\"version\": \"12\",", "")));
  EXPECT_EQ(manifest.version, "1");
  EXPECT_EQ(manifest.precision, "auto");
  EXPECT_EQ(manifest.sha256, "");
}

TEST(ManifestTest, OneNumberIsASquare) {
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(With("[192, 352]", "288")));
  EXPECT_EQ(manifest.preprocess.height, 288);
  EXPECT_EQ(manifest.preprocess.width, 288);
}

struct BadManifest {
  const char* name;  // of the test
  std::string text;
  const char* message;
};

class BadManifestTest : public ::testing::TestWithParam<BadManifest> {};

TEST_P(BadManifestTest, IsRefusedWithItsReason) {
  EXPECT_THAT(ParseManifest(GetParam().text),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadManifestTest,
    ::testing::Values(
        BadManifest{"Empty", "", "not valid JSON at byte 1"},
        BadManifest{"Array", "[]", "it is not a JSON object"},
        BadManifest{"Cut", std::string(kGood, 40), "not valid JSON at byte 41"},
        BadManifest{"TrailingText", std::string(kGood) + "x", "not valid JSON"},
        BadManifest{"NotUtf8", With("pets", "p\xFF"), "not valid JSON"},
        BadManifest{"NumberOutOfRange", With("0.95", "1e999"), "not valid JSON: a number is out of range"},
        BadManifest{"UnknownKey", Plus("\"crop\": 1"), "unknown key 'crop'"},
        BadManifest{"RepeatedKey", Plus("\"crop_pct\": 1"), "'crop_pct' comes twice"},
        BadManifest{"MissingKey", With("\"weights\": \"model.safetensors\",", ""), "'weights' is missing"},
        BadManifest{"NameWithSpace", With("pets-v2", "pets v2"),
                    "name 'pets v2' is not 1 to 64 of the characters"},
        BadManifest{"NameEmpty", With("pets-v2", ""), "name '' is not 1 to 64"},
        BadManifest{"NameTooLong", With("pets-v2", std::string(65, 'a')), "is not 1 to 64"},
        BadManifest{"NameNotAscii", With("pets-v2", "käfer"), "is not 1 to 64"},
        BadManifest{"NameIsNumber", With("\"pets-v2\"", "7"), "'name' is 7, expected a string"},
        BadManifest{"VersionIsNumber", With("\"12\"", "12"), "'version' is 12, expected a string"},
        BadManifest{"VersionHasDot", With("\"12\"", "\"1.2\""),
                    "'version' is \"1.2\", expected a whole number"},
        BadManifest{"VersionWithZero", With("\"12\"", "\"01\""), "'version' is \"01\""},
        BadManifest{"VersionEmpty", With("\"12\"", "\"\""), "'version' is \"\""},
        BadManifest{"VersionTooLong", With("\"12\"", "\"1234567890123456789\""), "'version' is"},
        BadManifest{
            "WeightsOutside", With("model.safetensors", "../model.safetensors"),
            "'weights' is \"../model.safetensors\", expected a file name that stays inside the folder"},
        BadManifest{"WeightsAbsolute", With("model.safetensors", "/etc/passwd"), "stays inside the folder"},
        BadManifest{"WeightsThroughOutside", With("model.safetensors", "a/../../b"),
                    "stays inside the folder"},
        BadManifest{"WeightsEmpty", With("model.safetensors", ""), "stays inside the folder"},
        BadManifest{"LabelsWithNul", With("labels.txt", "labels\\u0000"), "stays inside the folder"},
        BadManifest{"SizeNotMultiple", With("[192, 352]", "250"),
                    "input size 250 x 250 is not of multiples of 32 from 64 to 512"},
        BadManifest{"SizeTooSmall", With("[192, 352]", "[32, 64]"), "input size 32 x 64 is not"},
        BadManifest{"SizeTooLarge", With("[192, 352]", "[512, 544]"), "input size 512 x 544 is not"},
        BadManifest{"SizeHuge", With("[192, 352]", "18446744073709551615"), "input size"},
        BadManifest{"SizeNegative", With("[192, 352]", "-64"), "'input_size' is -64, expected S or [H, W]"},
        BadManifest{"SizeFraction", With("[192, 352]", "256.0"), "'input_size' is 256.0"},
        BadManifest{"SizeOfThree", With("[192, 352]", "[64, 64, 3]"), "'input_size' is [64,64,3]"},
        BadManifest{"CropZero", With("0.95", "0"), "crop_pct 0 is not above 0 and at most 1"},
        BadManifest{"CropAboveOne", With("0.95", "1.01"), "crop_pct 1.01 is not"},
        BadManifest{"CropIsString", With("0.95", "\"0.9\""), "'crop_pct' is \"0.9\", expected a number"},
        BadManifest{"Bilinear", With("bicubic", "bilinear"),
                    "'interpolation' is \"bilinear\", expected \"bicubic\""},
        BadManifest{"MeanOfTwo", With("[0.5, 0.25, 0]", "[0.5, 0.25]"),
                    "'mean' is [0.5,0.25], expected three finite"},
        BadManifest{"MeanOfStrings", With("[0.5, 0.25, 0]", "[0.5, \"a\", 0]"), "'mean' is [0.5,\"a\",0]"},
        BadManifest{"MeanBeyondFloat", With("[0.5, 0.25, 0]", "[0.5, 1e39, 0]"), "'mean' is"},
        BadManifest{"StdZero", With("[1, 0.5, 0.25]", "[1, 0, 1]"),
                    "'std' is [1,0,1], expected three numbers above 0"},
        BadManifest{"StdNegative", With("[1, 0.5, 0.25]", "[1, -1, 1]"), "'std' is [1,-1,1]"},
        BadManifest{"StdVanishesInFloat", With("[1, 0.5, 0.25]", "[1, 1e-60, 1]"), "'std' is"},
        BadManifest{"Precision", Plus("\"precision\": \"int8\""),
                    "precision 'int8' is not f32, bf16 or auto"},
        BadManifest{"SourceIsList", Plus("\"source\": []"), "'source' is [], expected a string"},
        BadManifest{"ShaTooShort", Plus("\"sha256\": \"ab\""),
                    "'sha256' is \"ab\", expected 64 hexadecimal digits"},
        BadManifest{"ShaNotHex", Plus("\"sha256\": \"" + std::string(64, 'g') + "\""),
                    "64 hexadecimal digits"}),
    [](const auto& test) { return test.param.name; });

TEST(ManifestTest, NamesEveryFaultAtOnce) {
  EXPECT_THAT(
      ParseManifest(R"({"name": "a b", "input_size": 100, "crop_pct": 2, "mean": 1, "colour": "rgb",
                                "variant": "edgenext_small", "weights": "w", "labels": "../l", "interpolation": "x"})"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("it has 8 faults:\n"), HasSubstr("name 'a b'"),
                     HasSubstr("input size 100 x 100"), HasSubstr("crop_pct 2 "), HasSubstr("'mean' is 1"),
                     HasSubstr("unknown key 'colour'"), HasSubstr("'labels' is \"../l\""),
                     HasSubstr("'interpolation' is \"x\""), HasSubstr("'std' is missing"))));
}

TEST(ManifestTest, FilesMayLieInSubfolders) {
  ASSERT_OK_AND_ASSIGN(const Manifest manifest, ParseManifest(With("labels.txt", "text/labels..txt")));
  EXPECT_EQ(manifest.labels, "text/labels..txt");
}

TEST(ManifestTest, RepeatedKeysInsideValuesAreNotTheManifests) {
  EXPECT_THAT(ParseManifest(Plus(R"("source": {"name": 1, "name": 2})")),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::Not(HasSubstr("comes twice"))));
}

}  // namespace
}  // namespace edgenext
