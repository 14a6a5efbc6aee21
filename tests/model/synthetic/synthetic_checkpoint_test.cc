#include "model/synthetic/synthetic_checkpoint.h"

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;

// The expected values come from the numpy script that the recorded network results were made with: first,
// middle and last element, and FNV-1a (64 bits) over the little-endian bytes of all of them.
using Picks = std::array<float, 3>;

Picks PicksOf(const Tensor& tensor) {
  return {tensor.values.front(), tensor.values[tensor.values.size() / 2], tensor.values.back()};
}

uint64_t HashOf(const Tensor& tensor) {
  uint64_t hash = 0xCBF29CE484222325;
  std::vector<unsigned char> bytes(tensor.values.size() * sizeof(float));
  std::memcpy(bytes.data(), tensor.values.data(), bytes.size());
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

struct TensorCase {
  const char* variant;
  Naming naming;
  uint64_t seed;
  int classes;
  const char* name;
  Shape shape;
  Picks picks;
  uint64_t hash;
};

const TensorCase kTensorCases[] = {
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "downsample_layers.0.0.weight",
     {24, 3, 4, 4},
     {-0x1.e03058p-4f, -0x1.92dabp-3f, -0x1.f91p-12f},
     0xA6E103CE054FE60C},
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "downsample_layers.0.0.bias",
     {24},
     {-0x1.717f9ap-6f, -0x1.46f0eap-4f, 0x1.68de26p-5f},
     0xC40BE85DA38F0CFD},
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "downsample_layers.0.1.weight",
     {24},
     {0x1.29ad98p+0f, 0x1.f51876p-1f, 0x1.274d5ep+0f},
     0x298CE4257EBE4D7A},
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "stages.2.5.gamma_xca",
     {88},
     {0x1.7d7c18p-2f, 0x1.191fdcp-1f, 0x1.65fec4p-2f},
     0xCD2884F56982D1DB},
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "stages.2.5.gamma",
     {88},
     {0x1.6331b8p-1f, 0x1.1b623cp-1f, 0x1.616bf8p-1f},
     0x0186F272A5FCF7ED},
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "stages.1.1.xca.temperature",
     {4, 1, 1},
     {0x1.726054p+2f, 0x1.7ba3ccp+1f, 0x1.57d5cp+2f},
     0x1517B2123AD7FC7A},
    {"edgenext_xx_small",
     Naming::kOfficial,
     1,
     1000,
     "stages.2.5.xca.qkv.weight",
     {264, 88},
     {0x1.4b2b42p-3f, 0x1.9171d2p-6f, 0x1.0f0d66p-3f},
     0x5C4720AF80631DC1},
    {"edgenext_xx_small",
     Naming::kOfficial,
     3,
     10,
     "head.weight",
     {10, 168},
     {0x1.35f38ap-4f, 0x1.108678p-3f, 0x1.e2b0f8p-6f},
     0xBF95B3AFEEB40AF1},
    {"edgenext_xx_small",
     Naming::kOfficial,
     3,
     10,
     "head.bias",
     {10},
     {0x1.13817p-4f, -0x1.71f626p-5f, -0x1.16cccp-4f},
     0x4BD76BDDB84DC655},
    {"edgenext_small_bn_hs",
     Naming::kOfficial,
     2,
     1000,
     "norm.running_mean",
     {304},
     {0x1.7d584ap-4f, -0x1.0ace94p-5f, -0x1.6e4fc6p-5f},
     0x1B119BD1B687104F},
    {"edgenext_small_bn_hs",
     Naming::kOfficial,
     2,
     1000,
     "norm.running_var",
     {304},
     {0x1.8c29b8p-1f, 0x1.4ea266p-1f, 0x1.62558p+0f},
     0x3835CCEA3E9515FB},
    {"edgenext_small",
     Naming::kTimm,
     4,
     1000,
     "stages.2.blocks.8.mlp.fc1.weight",
     {640, 160},
     {0x1.e72d38p-5f, 0x1.59e57p-4f, -0x1.80d99ap-5f},
     0x58B269099DBCAF9A},
    {"edgenext_small_rw",
     Naming::kTimm,
     5,
     1000,
     "stages.1.blocks.0.conv_dw.weight",
     {96, 1, 5, 5},
     {0x1.b8c7bp-3f, 0x1.4abec8p-3f, -0x1.e828e4p-3f},
     0x55E2D7088A990BFE},
};

TEST(SyntheticCheckpointTest, ValuesEqualNumpys) {
  for (const TensorCase& expected : kTensorCases) {
    SCOPED_TRACE(expected.name);
    EdgeNextConfig config = *FindConfig(expected.variant);
    config.classes = expected.classes;
    const auto checkpoint = MakeSyntheticCheckpoint(config, expected.naming, expected.seed);
    ASSERT_OK_AND_ASSIGN(const Tensor tensor, checkpoint->Read(expected.name));
    EXPECT_EQ(tensor.shape, expected.shape);
    EXPECT_EQ(PicksOf(tensor), expected.picks);
    EXPECT_EQ(HashOf(tensor), expected.hash);
  }
}

TEST(SyntheticCheckpointTest, BothNamingsHaveTheSameValues) {
  const EdgeNextConfig& config = *FindConfig("edgenext_x_small");
  const auto official = MakeSyntheticCheckpoint(config, Naming::kOfficial, 9);
  const auto timm = MakeSyntheticCheckpoint(config, Naming::kTimm, 9);
  for (const TensorSpec& spec : TensorSpecs(config)) {
    ASSERT_OK_AND_ASSIGN(const Tensor a, official->Read(spec.official_name));
    ASSERT_OK_AND_ASSIGN(const Tensor b, timm->Read(spec.timm_name));
    EXPECT_EQ(a.values, b.values) << spec.official_name;
  }
}

TEST(SyntheticCheckpointTest, LoadsAsItsVariant) {
  EdgeNextConfig config = *FindConfig("edgenext_small_rw");
  config.classes = 21841;
  ASSERT_OK_AND_ASSIGN(const LoadedWeights loaded,
                       LoadWeights(*MakeSyntheticCheckpoint(config, Naming::kTimm, 1)));
  EXPECT_EQ(loaded.weights.config.variant, "edgenext_small_rw");
  EXPECT_EQ(loaded.weights.config.classes, 21841);
}

TEST(SyntheticCheckpointTest, SaysWhichNameItDoesNotHave) {
  const auto checkpoint = MakeSyntheticCheckpoint(*FindConfig("edgenext_base"), Naming::kOfficial, 1);
  EXPECT_THAT(checkpoint->Read("stem.0.weight"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'stem.0.weight'")));
  EXPECT_THAT(checkpoint->Read("downsample_layers.0.0.weight"), IsOk());
}

struct InputCase {
  uint64_t seed;
  int batch, height, width;
  Picks picks;
  uint64_t hash;
};

const InputCase kInputCases[] = {
    {1, 2, 64, 96, {0x1.f9565cp-1f, -0x1.08dbeap-1f, -0x1.158e04p+0f}, 0x9F737FD46878C1BA},
    {7, 1, 64, 64, {0x1.fb059p-1f, -0x1.5f44a8p-2f, 0x1.0713eep-1f}, 0x7B779B50AE85B5FA},
    {3, 1, 256, 256, {-0x1.7db2e8p-1f, 0x1.1edf96p+0f, -0x1.6d4948p+0f}, 0x4928ECF3BE555362},
};

TEST(SyntheticInputTest, ValuesEqualNumpys) {
  for (const InputCase& expected : kInputCases) {
    SCOPED_TRACE(expected.seed);
    const Tensor input = SyntheticInput(expected.seed, expected.batch, expected.height, expected.width);
    EXPECT_EQ(input.shape, Shape({expected.batch, 3, expected.height, expected.width}));
    EXPECT_EQ(PicksOf(input), expected.picks);
    EXPECT_EQ(HashOf(input), expected.hash);
  }
}

}  // namespace
}  // namespace edgenext
