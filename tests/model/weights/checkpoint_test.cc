#include "model/weights/checkpoint.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/testing/safetensors_writer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::BytesOf;
using ::edgenext::testing::SafetensorsFile;
using ::edgenext::testing::StatusIs;
using ::edgenext::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OpenCheckpointTest, TellsSafetensorsByContent) {
  const TempDir folder;
  const std::string path =
      folder.Write("weights.bin", SafetensorsFile({{"t", "F32", {1}, BytesOf<float>({1})}}));
  ASSERT_OK_AND_ASSIGN(const auto checkpoint, OpenCheckpoint(path));
  ASSERT_OK_AND_ASSIGN(const Tensor tensor, checkpoint->Read("t"));
  EXPECT_THAT(tensor.values, ElementsAre(1.0f));
}

TEST(OpenCheckpointTest, HeaderLengthThatLooksLikeAPickleIsStillSafetensors) {
  const TempDir folder;
  const std::string header = "{}" + std::string(0x0280 - 2, ' ');  // its length begins 80 02
  EXPECT_TRUE(OpenCheckpoint(folder.Write("model.safetensors", SafetensorsFile(header, ""))).ok());
}

TEST(OpenCheckpointTest, NamesWhatItCannotRead) {
  const struct {
    std::string contents;
    const char* message;
  } kCases[] = {
      {std::string("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00", 12), "a zip archive, as torch.save makes"},
      {std::string("\x80\x02\x8A\x0Al\xFC\x9C\x46\xF9 j\xA8P\x19.", 15), "a Python pickle"},
      {std::string("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x01", 11), "a Python pickle"},
      {std::string("\x89HDF\r\n\x1A\n\x00\x00", 10), "an HDF5 file"},
      {std::string("GGUF\x03\x00\x00\x00\x05\x00\x00\x00", 12), "a GGUF file"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer"},
      {"just some text", "of no known format"},
      {"short", "of no known format"},
      {"", "of no known format"},
  };
  const TempDir folder;
  for (const auto& test : kCases) {
    const std::string path = folder.Write("file", test.contents);
    EXPECT_THAT(OpenCheckpoint(path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(path), HasSubstr(test.message), HasSubstr("safetensors"))));
  }
}

TEST(OpenCheckpointTest, MissingFilesAndFolders) {
  const TempDir folder;
  EXPECT_THAT(OpenCheckpoint(folder.File("none")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(OpenCheckpoint(folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("regular file")));
}

TEST(OpenCheckpointTest, ReadsRecordedFiles) {
  ASSERT_OK_AND_ASSIGN(const auto checkpoint,
                       OpenCheckpoint(std::string(EDGENEXT_TEST_DATA) +
                                      "/golden/edgenext_xx_small-official-seed3-1x288x288-c10.safetensors"));
  EXPECT_THAT(checkpoint->tensors().at("logits").shape, ElementsAre(1, 10));
  EXPECT_THAT(checkpoint->tensors().at("features").shape, ElementsAre(1, 168));
}

}  // namespace
}  // namespace edgenext
