#include "model/weights/safetensors.h"

#include <unistd.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/testing/safetensors_writer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::BytesOf;
using ::edgenext::testing::RawTensor;
using ::edgenext::testing::SafetensorsFile;
using ::edgenext::testing::StatusIs;
using ::edgenext::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SafetensorsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Checkpoint>> Open(const std::string& contents) {
    path_ = folder_.Write("model.safetensors", contents);
    return OpenSafetensors(FileReader::Open(path_).value());
  }

  TempDir folder_;
  std::string path_;
};

TEST_F(SafetensorsTest, ReadsEveryFloatingPointType) {
  ASSERT_OK_AND_ASSIGN(
      const auto checkpoint,
      Open(SafetensorsFile({{"single", "F32", {2, 2}, BytesOf<float>({1, -2, 0.1f, 1e30f})},
                            {"half", "F16", {3}, BytesOf<uint16_t>({0x3C00, 0xC000, 0x0001})},
                            {"brain", "BF16", {2}, BytesOf<uint16_t>({0x3F80, 0xFF80})},
                            {"double", "F64", {1, 2}, BytesOf<double>({0.1, -1e300})}})));
  ASSERT_OK_AND_ASSIGN(const Tensor single, checkpoint->Read("single"));
  EXPECT_THAT(single.shape, ElementsAre(2, 2));
  EXPECT_THAT(single.values, ElementsAre(1.0f, -2.0f, 0.1f, 1e30f));
  ASSERT_OK_AND_ASSIGN(const Tensor half, checkpoint->Read("half"));
  EXPECT_THAT(half.values, ElementsAre(1.0f, -2.0f, 0x1p-24f));
  ASSERT_OK_AND_ASSIGN(const Tensor brain, checkpoint->Read("brain"));
  EXPECT_THAT(brain.values, ElementsAre(1.0f, -std::numeric_limits<float>::infinity()));
  ASSERT_OK_AND_ASSIGN(const Tensor rounded, checkpoint->Read("double"));
  EXPECT_THAT(rounded.shape, ElementsAre(1, 2));
  EXPECT_THAT(rounded.values, ElementsAre(0.1f, -std::numeric_limits<float>::infinity()));
}

TEST_F(SafetensorsTest, ReadsUnalignedData) {
  ASSERT_OK_AND_ASSIGN(
      const auto checkpoint,
      Open(SafetensorsFile({{"byte", "U8", {1}, "x"}, {"t", "F32", {1}, BytesOf<float>({2.5f})}})));
  ASSERT_OK_AND_ASSIGN(const Tensor tensor, checkpoint->Read("t"));
  EXPECT_THAT(tensor.values, ElementsAre(2.5f));
}

TEST_F(SafetensorsTest, EmptyTensorsAndScalars) {
  ASSERT_OK_AND_ASSIGN(
      const auto checkpoint,
      Open(SafetensorsFile({{"empty", "F32", {0, 3}, ""}, {"scalar", "F32", {}, BytesOf<float>({7})}})));
  ASSERT_OK_AND_ASSIGN(const Tensor empty, checkpoint->Read("empty"));
  EXPECT_THAT(empty.shape, ElementsAre(0, 3));
  EXPECT_THAT(empty.values, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const Tensor scalar, checkpoint->Read("scalar"));
  EXPECT_THAT(scalar.shape, IsEmpty());
  EXPECT_THAT(scalar.values, ElementsAre(7.0f));
}

TEST_F(SafetensorsTest, IntegersAreListedAndNotRead) {
  ASSERT_OK_AND_ASSIGN(const auto checkpoint,
                       Open(SafetensorsFile({{"n", "I64", {}, BytesOf<int64_t>({3})}})));
  EXPECT_EQ(checkpoint->tensors().at("n").type, DataType::kInteger);
  EXPECT_THAT(checkpoint->Read("n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'n' holds integers")));
}

TEST_F(SafetensorsTest, UnknownNamesAreNotFound) {
  ASSERT_OK_AND_ASSIGN(const auto checkpoint,
                       Open(SafetensorsFile({{"t", "F32", {1}, BytesOf<float>({1})}})));
  EXPECT_THAT(checkpoint->Read("u"),
              StatusIs(absl::StatusCode::kNotFound, AllOf(HasSubstr("'u'"), HasSubstr(path_))));
}

TEST_F(SafetensorsTest, FileCutAfterOpeningIsDataLoss) {
  const std::string contents =
      SafetensorsFile({{"a", "F32", {2}, BytesOf<float>({1, 2})}, {"b", "F32", {2}, BytesOf<float>({3, 4})}});
  ASSERT_OK_AND_ASSIGN(const auto checkpoint, Open(contents));
  ASSERT_EQ(truncate(path_.c_str(), static_cast<off_t>(contents.size() - 1)), 0);
  EXPECT_TRUE(checkpoint->Read("a").ok());
  EXPECT_THAT(checkpoint->Read("b"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

TEST_F(SafetensorsTest, ErrorsNameTheFile) {
  EXPECT_THAT(Open(SafetensorsFile("{", "")), StatusIs(absl::StatusCode::kInvalidArgument,
                                                       AllOf(HasSubstr(path_), HasSubstr("end with '}'"))));
}

TEST_F(SafetensorsTest, LengthOfTheHeaderIsChecked) {
  EXPECT_THAT(Open(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the file has 0 bytes")));
  EXPECT_THAT(Open("1234567"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the file has 7 bytes")));
  EXPECT_THAT(Open(BytesOf<uint64_t>({0})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not begin with '{'")));
  EXPECT_THAT(Open(BytesOf<uint64_t>({3}) + "{}"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the header is said to have 3 bytes, the file has 2 after its length")));
  for (const uint64_t length : {kMaxSafetensorsHeaderBytes + 1, ~uint64_t{0}, ~uint64_t{7}}) {
    EXPECT_THAT(Open(BytesOf<uint64_t>({length}) + "{}"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 16777216 are read")))
        << length;
  }
}

TEST_F(SafetensorsTest, LongestHeaderIsRead) {
  const std::string header = "{}" + std::string(kMaxSafetensorsHeaderBytes - 2, ' ');
  EXPECT_TRUE(Open(SafetensorsFile(header, "")).ok());
  EXPECT_THAT(Open(SafetensorsFile(header + " ", "")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 16777216 are read")));
}

}  // namespace
}  // namespace edgenext
