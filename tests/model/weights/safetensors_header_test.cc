#include "model/weights/safetensors_header.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An entry of one F32 tensor.
std::string Entry(const std::string& name, const std::string& shape, const std::string& offsets) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"F32\",\"shape\":", shape, ",\"data_offsets\":", offsets,
                      "}");
}
std::string WithDtype(const std::string& dtype, const std::string& offsets) {
  return absl::StrCat("{\"t\":{\"dtype\":\"", dtype, "\",\"shape\":[2],\"data_offsets\":", offsets, "}}");
}
std::string WithShape(const std::string& shape) { return absl::StrCat("{", Entry("t", shape, "[0,8]"), "}"); }
std::string WithOffsets(const std::string& offsets) {
  return absl::StrCat("{", Entry("t", "[2]", offsets), "}");
}

TEST(SafetensorsHeaderTest, ReadsTensorsInAnyOrderOfTheirData) {
  const std::string header =
      absl::StrCat("{", Entry("b", "[2,1]", "[4,12]"), ", \n\t", Entry("a.weight", "[1]", "[0,4]"),
                   ",\"__metadata__\":{\"format\":\"pt\",\"\":\"\"}}   ");
  ASSERT_OK_AND_ASSIGN(const auto entries, ParseSafetensorsHeader(header, 12));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries.at("a.weight").begin, 0u);
  EXPECT_EQ(entries.at("a.weight").end, 4u);
  EXPECT_THAT(entries.at("a.weight").info.shape, ElementsAre(1));
  EXPECT_EQ(entries.at("b").begin, 4u);
  EXPECT_EQ(entries.at("b").end, 12u);
  EXPECT_THAT(entries.at("b").info.shape, ElementsAre(2, 1));
  EXPECT_EQ(entries.at("b").info.type, DataType::kF32);
}

TEST(SafetensorsHeaderTest, ReadsKeysOfATensorInAnyOrder) {
  const std::string header = R"({"t":{"data_offsets":[0,4],"shape":[2],"dtype":"BF16"}})";
  ASSERT_OK_AND_ASSIGN(const auto entries, ParseSafetensorsHeader(header, 4));
  EXPECT_EQ(entries.at("t").info.type, DataType::kBF16);
}

TEST(SafetensorsHeaderTest, AcceptsNoTensorsEmptyTensorsAndScalars) {
  EXPECT_THAT(ParseSafetensorsHeader("{}", 0), IsOk());
  EXPECT_THAT(ParseSafetensorsHeader("{\"__metadata__\":{}}", 0), IsOk());
  const std::string header =
      absl::StrCat("{", Entry("empty", "[0]", "[4,4]"), ",", Entry("scalar", "[]", "[0,4]"), ",",
                   Entry("first", "[3,0,5]", "[0,0]"), ",", Entry("last", "[1]", "[4,8]"), "}");
  ASSERT_OK_AND_ASSIGN(const auto entries, ParseSafetensorsHeader(header, 8));
  EXPECT_TRUE(entries.at("scalar").info.shape.empty());
  EXPECT_EQ(ElementCount(entries.at("scalar").info.shape), 1);
  EXPECT_EQ(ElementCount(entries.at("first").info.shape), 0);
}

TEST(SafetensorsHeaderTest, KnowsEveryDtype) {
  const struct {
    const char* name;
    const char* offsets;
    uint64_t bytes;
    DataType type;
  } kDtypes[] = {
      {"F32", "[0,8]", 8, DataType::kF32},       {"F16", "[0,4]", 4, DataType::kF16},
      {"BF16", "[0,4]", 4, DataType::kBF16},     {"F64", "[0,16]", 16, DataType::kF64},
      {"I8", "[0,2]", 2, DataType::kInteger},    {"U8", "[0,2]", 2, DataType::kInteger},
      {"I16", "[0,4]", 4, DataType::kInteger},   {"U16", "[0,4]", 4, DataType::kInteger},
      {"I32", "[0,8]", 8, DataType::kInteger},   {"U32", "[0,8]", 8, DataType::kInteger},
      {"I64", "[0,16]", 16, DataType::kInteger}, {"U64", "[0,16]", 16, DataType::kInteger},
  };
  for (const auto& dtype : kDtypes) {
    ASSERT_OK_AND_ASSIGN(const auto entries,
                         ParseSafetensorsHeader(WithDtype(dtype.name, dtype.offsets), dtype.bytes));
    EXPECT_EQ(entries.at("t").info.type, dtype.type) << dtype.name;
  }
}

struct BadHeader {
  const char* name;  // of the test
  std::string header;
  const char* message;
};

class BadHeaderTest : public ::testing::TestWithParam<BadHeader> {};

TEST_P(BadHeaderTest, IsRefusedWithItsReason) {
  EXPECT_THAT(ParseSafetensorsHeader(GetParam().header, 8),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

const std::string kGood = "\"shape\":[2],\"data_offsets\":[0,8]";

INSTANTIATE_TEST_SUITE_P(
    Json, BadHeaderTest,
    ::testing::Values(
        BadHeader{"Empty", "", "does not begin with '{'"},  //
        BadHeader{"LeadingSpace", " {}", "does not begin with '{'"},
        BadHeader{"ByteOrderMark", "\xEF\xBB\xBF{}", "does not begin with '{'"},
        BadHeader{"Array", "[]", "does not begin with '{'"},
        BadHeader{"PaddedWithNewlines", "{}\n", "does not end with '}' and spaces"},
        BadHeader{"PaddedWithZeros", std::string("{}\0\0", 4), "does not end with '}' and spaces"},
        BadHeader{"TwoDocuments", "{}{}", "not valid JSON at byte 3"},
        BadHeader{"Unclosed", "{\"__metadata__\":{}", "not valid JSON"},
        BadHeader{"TrailingComma", "{\"__metadata__\":{},}", "not valid JSON"},
        BadHeader{"Comment", "{/* */}", "not valid JSON"},
        BadHeader{"NotUtf8", "{\"t\xFF\":{}}", "not valid JSON at byte 4"},
        BadHeader{"LoneSurrogate", "{\"\\ud800\":{}}", "not valid JSON"},
        BadHeader{"RawControlCharacter", "{\"a\tb\":{}}", "not valid JSON"},
        BadHeader{"DeepArrays", "{\"t\":" + std::string(100000, '[') + "}",
                  "found an array, expected an object"},
        BadHeader{"DeepObjects", "{\"t\":{\"dtype\":{\"t\":{}}}}", "found an object, expected a string"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Entries, BadHeaderTest,
    ::testing::Values(
        BadHeader{"TensorIsNull", "{\"t\":null}", "tensor 't': found null, expected an object"},
        BadHeader{"TensorIsNumber", "{\"t\":7}", "tensor 't': found 7, expected an object"},
        BadHeader{"TensorIsString", "{\"t\":\"x\"}",
                  "tensor 't': found the string \"x\", expected an object"},
        BadHeader{"TensorIsBoolean", "{\"t\":true}", "tensor 't': found true, expected an object"},
        BadHeader{"SameNameTwice", "{" + Entry("t", "[1]", "[0,4]") + "," + Entry("t", "[1]", "[4,8]") + "}",
                  "tensor 't' comes twice"},
        BadHeader{"SameNameInAnotherSpelling",
                  "{" + Entry("t", "[1]", "[0,4]") + "," + Entry("\\u0074", "[1]", "[4,8]") + "}",
                  "tensor 't' comes twice"},
        BadHeader{"UnknownKey", "{\"t\":{\"dtype\":\"F32\",\"layout\":\"C\"," + kGood + "}}",
                  "tensor 't' has the unknown key 'layout'"},
        BadHeader{"NoDtype", "{\"t\":{" + kGood + "}}", "tensor 't' has no dtype"},
        BadHeader{"NoShape", "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "tensor 't' has no shape"},
        BadHeader{"NoOffsets", "{\"t\":{\"dtype\":\"F32\",\"shape\":[2]}}", "tensor 't' has no data_offsets"},
        BadHeader{"DtypeTwice", "{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\"," + kGood + "}}",
                  "dtype of tensor 't' comes twice"},
        BadHeader{"ShapeTwice", "{\"t\":{\"dtype\":\"F32\",\"shape\":[2]," + kGood + "}}",
                  "shape of tensor 't' comes twice"},
        BadHeader{"OffsetsTwice", "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]," + kGood + "}}",
                  "data_offsets of tensor 't' comes twice"},
        BadHeader{"DtypeIsNumber", "{\"t\":{\"dtype\":32," + kGood + "}}",
                  "dtype of tensor 't': found 32, expected a string"},
        BadHeader{"MetadataTwice", "{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__ comes twice"},
        BadHeader{"MetadataKeyTwice", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}",
                  "__metadata__ 'a' comes twice"},
        BadHeader{"MetadataIsString", "{\"__metadata__\":\"x\"}", "__metadata__: found the string"},
        BadHeader{"MetadataOfNumbers", "{\"__metadata__\":{\"epoch\":3}}",
                  "__metadata__ 'epoch': found 3, expected a string"},
        BadHeader{"MetadataOfObjects", "{\"__metadata__\":{\"a\":{}}}", "__metadata__ 'a': found an object"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Dtypes, BadHeaderTest,
    ::testing::Values(BadHeader{"Bool", WithDtype("BOOL", "[0,8]"),
                                "tensor 't' has dtype BOOL, supported are F32"},
                      BadHeader{"F8", WithDtype("F8_E4M3", "[0,8]"), "tensor 't' has dtype F8_E4M3"},
                      BadHeader{"F4", WithDtype("F4", "[0,8]"), "tensor 't' has dtype F4,"},
                      BadHeader{"C64", WithDtype("C64", "[0,8]"), "tensor 't' has dtype C64"},
                      BadHeader{"LowerCase", WithDtype("f32", "[0,8]"), "tensor 't' has dtype f32"},
                      BadHeader{"NoName", WithDtype("", "[0,8]"), "tensor 't' has dtype ,"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Numbers, BadHeaderTest,
    ::testing::Values(
        BadHeader{"NegativeExtent", WithShape("[-2]"),
                  "shape of tensor 't': found -2, expected whole numbers"},
        BadHeader{"NegativeZero", WithShape("[-0]"), "shape of tensor 't': found"},
        BadHeader{"FractionalExtent", WithShape("[2.0]"), "shape of tensor 't': found 2.0"},
        BadHeader{"ExponentExtent", WithShape("[2e0]"), "shape of tensor 't': found 2e0"},
        BadHeader{"LeadingZero", WithShape("[02]"), "not valid JSON"},
        BadHeader{"HugeExtent", WithShape("[9007199254740993]"),
                  "shape of tensor 't': found 9007199254740993"},
        BadHeader{"BeyondUint64", WithShape("[18446744073709551616]"),
                  "shape of tensor 't': found 1844674407370955161"},
        BadHeader{"BeyondDouble", WithShape("[1" + std::string(400, '0') + "]"), "not valid JSON"},
        BadHeader{"StringExtent", WithShape("[\"2\"]"), "shape of tensor 't': found the string"},
        BadHeader{"NestedExtent", WithShape("[[2]]"), "shape of tensor 't': found an array"},
        BadHeader{"ShapeIsNumber", WithShape("2"), "shape of tensor 't': found 2, expected an array"},
        BadHeader{"ProductOverflows", WithShape("[4294967296,4294967296]"), "is too large"},
        BadHeader{"ProductOverflowsBeforeZero", WithShape("[4294967296,4294967296,0]"), "is too large"},
        BadHeader{"BytesOverflow", WithShape("[4503599627370496,2048]"), "is too large"},
        BadHeader{"OneOffset", WithOffsets("[0]"), "data_offsets of tensor 't' are [0]"},
        BadHeader{"ThreeOffsets", WithOffsets("[0,8,8]"), "data_offsets of tensor 't' are [0, 8, 8]"},
        BadHeader{"BackwardOffsets", WithOffsets("[8,0]"), "data_offsets of tensor 't' are [8, 0]"},
        BadHeader{"FloatOffsets", WithOffsets("[0,8.0]"), "data_offsets of tensor 't': found 8.0"},
        BadHeader{"ShorterThanTheShape", WithOffsets("[0,4]"),
                  "tensor 't' [2] of F32 needs 8 bytes, its data_offsets span 4"},
        BadHeader{"LongerThanTheShape", WithOffsets("[0,12]"), "needs 8 bytes, its data_offsets span 12"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Layout, BadHeaderTest,
    ::testing::Values(
        BadHeader{"HoleAtTheStart", "{" + Entry("t", "[1]", "[4,8]") + "}",
                  "tensor 't' begins at byte 4 of the data, expected 0: there is a hole"},
        BadHeader{"HoleInside", "{" + Entry("a", "[0]", "[0,0]") + "," + Entry("b", "[1]", "[4,8]") + "}",
                  "tensor 'b' begins at byte 4 of the data, expected 0: there is a hole"},
        BadHeader{"Overlap", "{" + Entry("a", "[2]", "[0,8]") + "," + Entry("b", "[1]", "[4,8]") + "}",
                  "tensor 'b' begins at byte 4 of the data, expected 8: tensors overlap"},
        BadHeader{"SameBytes", "{" + Entry("a", "[2]", "[0,8]") + "," + Entry("b", "[2]", "[0,8]") + "}",
                  "tensors overlap"},
        BadHeader{"EmptyInsideAnother",
                  "{" + Entry("a", "[2]", "[0,8]") + "," + Entry("b", "[0]", "[4,4]") + "}",
                  "tensors overlap"},
        BadHeader{"DataWithoutOwner", "{" + Entry("t", "[1]", "[0,4]") + "}",
                  "the tensors have 4 bytes, the file has 8 after its header"},
        BadHeader{"NoTensorsButData", "{}", "the tensors have 0 bytes, the file has 8"},
        BadHeader{"BeyondTheEnd", "{" + Entry("t", "[4]", "[0,16]") + "}",
                  "the tensors have 16 bytes, the file has 8"}),
    [](const auto& test) { return test.param.name; });

TEST(SafetensorsHeaderTest, ShapesHaveABoundedRank) {
  std::vector<int> ones(kMaxSafetensorsRank - 1, 1);
  EXPECT_THAT(ParseSafetensorsHeader(WithShape(absl::StrCat("[2,", absl::StrJoin(ones, ","), "]")), 8),
              IsOk());
  ones.push_back(1);
  EXPECT_THAT(ParseSafetensorsHeader(WithShape(absl::StrCat("[2,", absl::StrJoin(ones, ","), "]")), 8),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shape of tensor 't' has more than 64 numbers")));
}

std::string HeaderOfEmptyTensors(int count) {
  std::vector<std::string> entries;
  for (int i = 0; i < count; ++i) entries.push_back(Entry(absl::StrCat("t", i), "[0]", "[0,0]"));
  return absl::StrCat("{", absl::StrJoin(entries, ","), "}");
}

TEST(SafetensorsHeaderTest, EntriesAreBounded) {
  ASSERT_OK_AND_ASSIGN(const auto entries,
                       ParseSafetensorsHeader(HeaderOfEmptyTensors(kMaxSafetensorsEntries), 0));
  EXPECT_EQ(entries.size(), size_t{kMaxSafetensorsEntries});
  EXPECT_THAT(ParseSafetensorsHeader(HeaderOfEmptyTensors(100'000), 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 65536 entries")));
}

TEST(SafetensorsHeaderTest, MetadataCountsAsEntries) {
  std::vector<std::string> pairs;
  for (int i = 0; i < kMaxSafetensorsEntries; ++i) pairs.push_back(absl::StrCat("\"", i, "\":\"\""));
  EXPECT_THAT(ParseSafetensorsHeader(absl::StrCat("{\"__metadata__\":{", absl::StrJoin(pairs, ","), "}}"), 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 65536 entries")));
}

// No cut of a good header is accepted, and none crashes.
TEST(SafetensorsHeaderTest, EveryCutIsRefused) {
  const std::string header = "{" + Entry("a", "[1]", "[0,4]") + ",\"__metadata__\":{\"k\":\"v\"}," +
                             Entry("b", "[1]", "[4,8]") + "}";
  ASSERT_THAT(ParseSafetensorsHeader(header, 8), IsOk());
  for (size_t size = 0; size < header.size(); ++size) {
    EXPECT_FALSE(ParseSafetensorsHeader(header.substr(0, size), 8).ok()) << size;
  }
}

// Every way of changing one byte gives a verdict, whichever it is.
TEST(SafetensorsHeaderTest, NoChangedByteCrashes) {
  const std::string header = "{" + Entry("a", "[1]", "[0,4]") + ",\"__metadata__\":{\"k\":\"v\"}}";
  int accepted = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = header;
      changed[i] = static_cast<char>(byte);
      if (ParseSafetensorsHeader(changed, 4).ok()) ++accepted;
    }
  }
  EXPECT_GT(accepted, 0);  // names may change
}

}  // namespace
}  // namespace edgenext
