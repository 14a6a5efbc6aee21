#include <memory>

#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "model/base/arena.h"
#include "model/layered/conv_encoder.h"
#include "model/layered/downsample.h"
#include "model/layered/head.h"
#include "model/layered/sdta_encoder.h"
#include "model/layered/stem.h"
#include "tests/model/fused/block_cases.h"

namespace edgenext::testing {
namespace {

// Memory and a program for what is packed with context().
class LayeredHarness {
 public:
  explicit LayeredHarness(const EdgeNextConfig& config)
      : context_{
            config, *kernels::FindKernelTable(kernels::Isa::kScalar), ops::Packer(kernels::BestIsa()), {}} {}

  layered::PackContext& context() { return context_; }

  // Once everything is packed: `x` to activations[0].
  layered::Buffers& Allocate(const Map& x) {
    layered::BufferSizes& sizes = context_.sizes;
    layered::BufferSizes::Raise(&sizes.activations, x.values.size());
    sizes.op_scratch_bytes = context_.packer.scratch_bytes();
    arena_ = Arena(sizes.ArenaBytes());
    buffers_.emplace(sizes, arena_);
    buffers_->input = &input_;
    float* to = buffers_->activations[0];
    for (int row = 0; row < x.height; ++row) {
      for (int column = 0; column < x.width; ++column) {
        for (int c = 0; c < x.channels; ++c) *to++ = static_cast<float>(x.at(c, row, column));
      }
    }
    program_ = std::make_unique<ops::Program>(buffers_->op_scratch);
    return *buffers_;
  }
  void SetInput(const NetworkInput& input) { input_ = input; }
  ops::Program& program() { return *program_; }

  Map Run(const float* result, const fused::MapLayout& layout) {
    const absl::Status status = program_->RunAll();
    EXPECT_TRUE(status.ok()) << status;
    Map map(layout.channels, layout.height, layout.width);
    for (int row = 0; row < map.height; ++row) {
      for (int column = 0; column < map.width; ++column) {
        for (int c = 0; c < map.channels; ++c) map.at(c, row, column) = double{*result++};
      }
    }
    return map;
  }

 private:
  layered::PackContext context_;
  NetworkInput input_;
  Arena arena_;
  absl::optional<layered::Buffers> buffers_;
  std::unique_ptr<ops::Program> program_;
};

layered::MapSize SizeOf(const fused::MapLayout& layout) {
  return {layout.height, layout.width, layout.channels};
}

}  // namespace

Map RunLayeredBlock(const BlockCase& block) {
  const EdgeNextWeights& weights = block.weights();
  const StageWeights& stage = weights.stages[static_cast<size_t>(block.stage)];
  LayeredHarness harness(weights.config);
  layered::PackContext& context = harness.context();
  const fused::MapLayout in = block.in(), out = block.out();
  // In `buffers`, activations[0] is what the block reads, and activations[1] what it writes unless it does so
  // in place.
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
      const auto stem = layered::Stem::Pack(context, options, weights.stem, weights.stem_norm).value();
      layered::Buffers& buffers = harness.Allocate(Map(0, 0, 0));
      harness.SetInput(input);
      stem.AppendTo(harness.program(), buffers, buffers.activations[1]);
      return harness.Run(buffers.activations[1], out);
    }
    case BlockKind::kConvEncoder: {
      const auto encoder =
          layered::ConvEncoder::Pack(context, block.stage, SizeOf(in), stage.conv_encoders.back()).value();
      layered::Buffers& buffers = harness.Allocate(BlockInput(block));
      encoder.AppendTo(harness.program(), buffers, buffers.activations[0]);
      return harness.Run(buffers.activations[0], out);
    }
    case BlockKind::kStridedConvEncoder: {
      const auto encoder =
          layered::StridedConvEncoder::Pack(context, block.stage, SizeOf(in), stage.conv_encoders.front())
              .value();
      layered::Buffers& buffers = harness.Allocate(BlockInput(block));
      encoder.AppendTo(harness.program(), buffers, buffers.activations[0], buffers.activations[1]);
      return harness.Run(buffers.activations[1], out);
    }
    case BlockKind::kDownsample: {
      const auto downsample =
          layered::Downsample::Pack(context, SizeOf(in), out.channels, *stage.downsample).value();
      layered::Buffers& buffers = harness.Allocate(BlockInput(block));
      downsample.AppendTo(harness.program(), buffers, buffers.activations[0], buffers.activations[1]);
      return harness.Run(buffers.activations[1], out);
    }
    case BlockKind::kSdtaEncoder: {
      const auto encoder = layered::SdtaEncoder::Pack(context, block.stage, SizeOf(in), *stage.sdta).value();
      layered::Buffers& buffers = harness.Allocate(BlockInput(block));
      encoder.AppendTo(harness.program(), buffers, buffers.activations[0]);
      return harness.Run(buffers.activations[0], out);
    }
    case BlockKind::kHead: {
      const auto head = layered::Head::Pack(context, SizeOf(in), weights.head_norm, weights.head).value();
      layered::Buffers& buffers = harness.Allocate(BlockInput(block));
      head.AppendTo(harness.program(), buffers, buffers.activations[0]);
      return harness.Run(buffers.logits, out);
    }
  }
  return Map(0, 0, 0);
}

}  // namespace edgenext::testing
