#include "model/verify/golden.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/verify/isa_processes.h"
#include "model/weights/checkpoint.h"
#include "tests/testing/safetensors_writer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kGolden[] = EDGENEXT_TEST_DATA "/golden/";

TEST(ParseGoldenNameTest, ReadsEveryPart) {
  ASSERT_OK_AND_ASSIGN(const GoldenName name,
                       ParseGoldenName("edgenext_small-timm-seed4-1x320x256-c21.safetensors"));
  EXPECT_EQ(name.config.variant, "edgenext_small");
  EXPECT_EQ(name.config.classes, 21);
  EXPECT_EQ(name.naming, Naming::kTimm);
  EXPECT_EQ(name.seed, 4u);
  EXPECT_EQ(name.batch, 1);
  EXPECT_EQ(name.height, 320);
  EXPECT_EQ(name.width, 256);
}

TEST(ParseGoldenNameTest, RefusesOtherNames) {
  for (const char* name : {"", "logits.safetensors", "edgenext_small-timm-seed4-1x320x256-c21",
                           "edgenext_small-other-seed4-1x320x256-c21.safetensors",
                           "edgenext_small-timm-seed4-320x256-c21.safetensors",
                           "edgenext_small-timm-seed4-1x99999x256-c21.safetensors",
                           "edgenext_small-timm-seed4-0x320x256-c21.safetensors",
                           "edgenext_small-timm-seed4-1x320x256-c0.safetensors"}) {
    EXPECT_THAT(ParseGoldenName(name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
  EXPECT_THAT(ParseGoldenName("edgenext_huge-timm-seed4-1x320x256-c21.safetensors"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unknown variant 'edgenext_huge'")));
}

TEST(CompareGoldenTest, SeesAWrongResult) {
  // Results of seed 2 under the name of seed 3: the comparison must not pass.
  const testing::TempDir folder;
  const std::string copy = folder.path() + "/edgenext_xx_small-official-seed3-1x224x224-c1000.safetensors";
  std::filesystem::copy_file(
      std::string(kGolden) + "edgenext_xx_small-official-seed2-1x224x224-c1000.safetensors", copy);
  ASSERT_OK_AND_ASSIGN(const GoldenDifference difference, CompareGolden(copy, NetworkOptions()));
  EXPECT_GT(difference.largest, 0.1);
}

TEST(CompareGoldenTest, SeesWhatIsNotANumberBeforeNumbersThatAgree) {
  const std::string name = "edgenext_xx_small-official-seed2-1x224x224-c1000.safetensors";
  ASSERT_OK_AND_ASSIGN(const auto recorded, OpenCheckpoint(kGolden + name));
  ASSERT_EQ(recorded->tensors().count("features"), 1u) << "logits must not come last";
  std::vector<testing::RawTensor> tensors = testing::RawTensors(*recorded);
  for (testing::RawTensor& tensor : tensors) {
    if (tensor.name != "logits") continue;
    tensor.bytes.replace(0, sizeof(float),
                         testing::BytesOf<float>({std::numeric_limits<float>::quiet_NaN()}));
  }
  const testing::TempDir folder;
  const std::string copy = folder.path() + "/" + name;
  std::ofstream(copy, std::ios::binary) << testing::SafetensorsFile(tensors);
  ASSERT_OK_AND_ASSIGN(const GoldenDifference difference, CompareGolden(copy, NetworkOptions()));
  EXPECT_TRUE(std::isnan(difference.largest)) << difference.largest << " in " << difference.where;
  EXPECT_EQ(difference.where, "logits");
}

TEST(CompareGoldenTest, RefusesAnotherShape) {
  const testing::TempDir folder;
  const std::string copy = folder.path() + "/edgenext_xx_small-official-seed2-1x224x224-c999.safetensors";
  std::filesystem::copy_file(
      std::string(kGolden) + "edgenext_xx_small-official-seed2-1x224x224-c1000.safetensors", copy);
  EXPECT_THAT(CompareGolden(copy, NetworkOptions()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tensor 'logits' is [1, 1000], expected 1 images of 999 values")));
}

}  // namespace
}  // namespace edgenext
