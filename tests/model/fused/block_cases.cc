#include "tests/model/fused/block_cases.h"

#include <map>
#include <random>
#include <utility>

#include "model/edgenext/network.h"
#include "model/fused/conv_encoder.h"
#include "model/fused/downsample.h"
#include "model/fused/head.h"
#include "model/fused/sdta_encoder.h"
#include "model/fused/stem.h"
#include "model/synthetic/synthetic_checkpoint.h"

namespace edgenext::testing {
namespace {

constexpr int kColors = 3;
constexpr uint32_t kSeed = 7;

const char* KindName(BlockKind kind) {
  switch (kind) {
    case BlockKind::kStem:
      return "Stem";
    case BlockKind::kStemOfFloats:
      return "StemOfFloats";
    case BlockKind::kConvEncoder:
      return "ConvEncoder";
    case BlockKind::kStridedConvEncoder:
      return "StridedConvEncoder";
    case BlockKind::kDownsample:
      return "Downsample";
    case BlockKind::kSdtaEncoder:
      return "SdtaEncoder";
    case BlockKind::kHead:
      return "Head";
  }
  return "";
}

void Add(const std::string& variant, BlockKind kind, int stage, int height, int width,
         std::vector<BlockCase>* cases) {
  const std::string name = variant.substr(std::string("edgenext_").size()) + "_" + KindName(kind) + "_" +
                           std::to_string(stage) + "_" + std::to_string(height) + "x" + std::to_string(width);
  cases->push_back({name, variant, kind, stage, height, width});
}

fused::MapLayout StageLayout(const BlockCase& block, int stage) {
  const int step = 4 << stage;
  return {block.height / step, block.width / step, block.weights().config.dims[static_cast<size_t>(stage)]};
}

}  // namespace

const EdgeNextWeights& BlockCase::weights() const {
  static auto& cache = *new std::map<std::string, EdgeNextWeights>;
  auto found = cache.find(variant);
  if (found == cache.end()) {
    EdgeNextConfig config = *FindConfig(variant);
    config.classes = 100;
    const Naming naming = config.downsample_in_block ? Naming::kTimm : Naming::kOfficial;
    found =
        cache.emplace(variant, LoadWeights(*MakeSyntheticCheckpoint(config, naming, kSeed)).value().weights)
            .first;
  }
  return found->second;
}

fused::MapLayout BlockCase::in() const {
  switch (kind) {
    case BlockKind::kStem:
    case BlockKind::kStemOfFloats:
      return {height, width, kColors};
    case BlockKind::kStridedConvEncoder:
    case BlockKind::kDownsample:
      return StageLayout(*this, stage - 1);
    default:
      return StageLayout(*this, stage);
  }
}

fused::MapLayout BlockCase::out() const {
  if (kind == BlockKind::kHead) return {1, 1, weights().config.classes};
  return StageLayout(*this, stage);
}

int BlockCase::linear_layers() const {
  switch (kind) {
    case BlockKind::kConvEncoder:
    case BlockKind::kStridedConvEncoder:
      return 2;
    case BlockKind::kSdtaEncoder:
      return 4;
    default:
      return 1;
  }
}

int BlockCase::terms() const {
  const auto s = static_cast<size_t>(stage);
  const int channels = in().channels;
  const int side = kDepthwiseKernel[s];
  const int mlp = (1 + kExpansion) * out().channels;
  const int norm =
      2 * (kind == BlockKind::kHead || kind == BlockKind::kDownsample ? channels : out().channels);
  switch (kind) {
    case BlockKind::kStem:
    case BlockKind::kStemOfFloats: {
      const int kernel = static_cast<int>(weights().stem.weight.shape[2]);
      // 8-bit values are added up unnormalised: around a mean that is as large as their deviation's double,
      // which the bias takes out, so that partial sums are twice as large.
      const int larger = kind == BlockKind::kStem ? 4 : 1;
      return larger * kernel * kernel * kColors + norm;
    }
    case BlockKind::kConvEncoder:
    case BlockKind::kStridedConvEncoder:
      return side * side + norm + mlp;
    case BlockKind::kDownsample:
      return norm + 4 * channels;
    case BlockKind::kSdtaEncoder: {
      const EdgeNextConfig& config = weights().config;
      const int cascade = 9 * (config.scales[s] - 1);
      // Queries and keys, their products over tokens, values, the projection.
      const int attention = 2 * channels + out().tokens() + channels / config.heads[s] + channels;
      return cascade + norm + attention + norm + mlp;
    }
    case BlockKind::kHead:
      return in().tokens() + norm + channels;
  }
  return 0;
}

std::vector<BlockCase> AllBlockCases() {
  std::vector<BlockCase> cases;
  for (const char* variant : {"edgenext_xx_small", "edgenext_small", "edgenext_base",
                              "edgenext_xx_small_bn_hs", "edgenext_small_rw"}) {
    const bool strided = FindConfig(variant)->downsample_in_block;
    Add(variant, BlockKind::kStem, 0, 64, 96, &cases);
    Add(variant, BlockKind::kStemOfFloats, 0, 64, 96, &cases);
    for (int stage = 0; stage < kStages; ++stage) {
      Add(variant, BlockKind::kConvEncoder, stage, 64, 96, &cases);
      if (stage == 0) continue;
      Add(variant, strided ? BlockKind::kStridedConvEncoder : BlockKind::kDownsample, stage, 64, 96, &cases);
      Add(variant, BlockKind::kSdtaEncoder, stage, 64, 96, &cases);
      // So many tokens that other forms of attention are the shorter ones; of base, the largest, in one
      // stage.
      if (variant != std::string("edgenext_base") || stage == 1) {
        Add(variant, BlockKind::kSdtaEncoder, stage, 256, 224, &cases);
      }
    }
    if (variant == std::string("edgenext_xx_small")) {
      Add(variant, BlockKind::kSdtaEncoder, 2, 128, 192, &cases);
    }
    Add(variant, BlockKind::kHead, kStages - 1, 64, 96, &cases);
  }
  // Heads and chunks of the cascade of 25 and 34 channels: no multiples of anything.
  for (int stage = 1; stage < kStages; ++stage) {
    Add("edgenext_x_small", BlockKind::kSdtaEncoder, stage, 64, 96, &cases);
    Add("edgenext_x_small", BlockKind::kSdtaEncoder, stage, 256, 224, &cases);
  }
  return cases;
}

Map BlockInput(const BlockCase& block) {
  const fused::MapLayout layout = block.in();
  return RandomMap(layout.channels, layout.height, layout.width, kSeed);
}

std::vector<uint8_t> BlockImage(const BlockCase& block) {
  std::mt19937 random(kSeed);
  std::vector<uint8_t> rgb(static_cast<size_t>(block.height) * static_cast<size_t>(block.width) * kColors);
  for (uint8_t& value : rgb) value = static_cast<uint8_t>(random());
  return rgb;
}

std::vector<float> BlockFloats(const BlockCase& block) {
  const Map image = RandomMap(kColors, block.height, block.width, kSeed);
  return std::vector<float>(image.values.begin(), image.values.end());
}

Map RunFusedBlock(const BlockCase& block, const FusedKernels& kernels) {
  const EdgeNextWeights& weights = block.weights();
  const StageWeights& stage = weights.stages[static_cast<size_t>(block.stage)];
  FusedHarness harness(weights.config, kernels);
  fused::PackContext& context = harness.context();
  const fused::MapLayout in = block.in(), out = block.out();
  switch (block.kind) {
    case BlockKind::kStem:
    case BlockKind::kStemOfFloats: {
      NetworkOptions options;
      options.height = block.height;
      options.width = block.width;
      const std::vector<uint8_t> rgb = BlockImage(block);
      const std::vector<float> floats = BlockFloats(block);
      NetworkInput input;
      if (block.kind == BlockKind::kStem) {
        input.rgb = rgb.data();
      } else {
        input.normalised = floats.data();
      }
      const fused::Stem stem(context, options, out, weights.stem, weights.stem_norm);
      fused::Buffers& buffers = harness.Allocate(out, out);
      harness.SetInput(input);
      stem.AppendTo(harness.program(), buffers, buffers.maps[1]);
      harness.Run();
      return FusedHarness::Read(buffers.maps[1], out);
    }
    case BlockKind::kConvEncoder:
      return RunFused(harness, fused::ConvEncoder(context, block.stage, out, stage.conv_encoders.back()),
                      BlockInput(block), out);
    case BlockKind::kStridedConvEncoder:
      return RunFused(harness,
                      fused::StridedConvEncoder(context, block.stage, in, out, stage.conv_encoders.front()),
                      BlockInput(block), out);
    case BlockKind::kDownsample:
      return RunFused(harness, fused::Downsample(context, context.linear, in, out, *stage.downsample),
                      BlockInput(block), out);
    case BlockKind::kSdtaEncoder:
      return RunFused(harness, fused::SdtaEncoder(context, block.stage, out, *stage.sdta), BlockInput(block),
                      out);
    case BlockKind::kHead: {
      const fused::Head head(context, in, weights.head_norm, weights.head);
      fused::Buffers& buffers = harness.Allocate(in, in);
      FusedHarness::Write(BlockInput(block), in, buffers.maps[0]);
      head.AppendTo(harness.program(), buffers, buffers.maps[0]);
      harness.Run();
      return FusedHarness::Read(buffers.logits, out);
    }
  }
  return Map(0, 0, 0);
}

}  // namespace edgenext::testing
