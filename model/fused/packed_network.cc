#include "model/fused/packed_network.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/edgenext/execution_checks.h"
#include "model/fused/network_executor.h"

namespace edgenext::fused {
namespace {

MapLayout StageMap(const EdgeNextConfig& config, const NetworkOptions& options, size_t stage) {
  const int step = 4 << stage;
  return {options.height / step, options.width / step, config.dims[stage]};
}

PackedStage PackStage(PackContext& context, const NetworkOptions& options, size_t index,
                      const StageWeights& weights) {
  PackedStage stage;
  stage.map = StageMap(context.config, options, index);
  const auto number = static_cast<int>(index);
  BufferSizes::Raise(&context.sizes.map_floats, stage.map.floats());
  auto encoders = absl::MakeConstSpan(weights.conv_encoders);
  if (index > 0) {
    const MapLayout before = StageMap(context.config, options, index - 1);
    if (weights.downsample.has_value()) {
      // The last one stays in float32: few tokens average out what it rounds, and it made half of the error
      // of bf16 for 1 to 1.5 % of the multiplications.
      const bool last = index + 1 == kStages;
      stage.downsample.emplace(context, last ? *context.kernels.linear : context.linear, before, stage.map,
                               *weights.downsample);
    } else {
      stage.strided_encoder.emplace(context, number, before, stage.map, encoders.front());
      encoders.remove_prefix(1);
    }
  }
  for (const ConvEncoderWeights& encoder : encoders) {
    stage.conv_encoders.emplace_back(context, number, stage.map, encoder);
  }
  if (weights.sdta.has_value()) stage.sdta_encoder.emplace(context, number, stage.map, *weights.sdta);
  return stage;
}

std::vector<PackedStage> PackStages(PackContext& context, const EdgeNextWeights& weights,
                                    const NetworkOptions& options) {
  std::vector<PackedStage> stages;
  for (size_t i = 0; i < kStages; ++i) {
    stages.push_back(PackStage(context, options, i, weights.stages[i]));
  }
  return stages;
}

}  // namespace

std::shared_ptr<const Network> PackedNetwork::Pack(const EdgeNextWeights& weights,
                                                   const NetworkOptions& options,
                                                   const kernels::KernelTable& kernels,
                                                   const kernels::LinearKernels& linear) {
  return std::make_shared<const PackedNetwork>(
      weights, options, PackContext{weights.config, kernels, linear, std::make_shared<PackedMemory>(), {}});
}

PackedNetwork::PackedNetwork(const EdgeNextWeights& weights, const NetworkOptions& options,
                             PackContext context)
    : config_(weights.config),
      options_(options),
      memory_(context.memory),
      stages_(PackStages(context, weights, options)),
      stem_(context, options, stages_[0].map, weights.stem, weights.stem_norm),
      head_(context, stages_.back().map, weights.head_norm, weights.head),
      sizes_(context.sizes) {}

ProgramResults PackedNetwork::AppendTo(Program& program, const Buffers& buffers) const {
  ProgramResults results;
  float* x = buffers.maps[0];
  float* other = buffers.maps[1];
  stem_.AppendTo(program, buffers, x);
  // Every block but the stem reads one map and writes the other.
  const auto append = [&](const auto& block, const auto&... more) {
    block.AppendTo(program, more..., x, other);
    std::swap(x, other);
  };
  for (size_t i = 0; i < kStages; ++i) {
    const PackedStage& stage = stages_[i];
    if (stage.downsample.has_value()) append(*stage.downsample);
    if (stage.strided_encoder.has_value()) append(*stage.strided_encoder);
    for (const ConvEncoder& encoder : stage.conv_encoders) append(encoder);
    if (stage.sdta_encoder.has_value()) append(*stage.sdta_encoder, buffers);
    results.stage_ends[i] = program.size();
    results.stages[i] = x;
  }
  head_.AppendTo(program, buffers, x);
  return results;
}

std::shared_ptr<const PackedNetwork> PackedNetwork::Self() const {
  return std::static_pointer_cast<const PackedNetwork>(shared_from_this());
}

absl::StatusOr<std::unique_ptr<Executor>> PackedNetwork::MakeExecutor(const ExecutorOptions& options) const {
  EDGENEXT_RETURN_IF_ERROR(CheckThreads(options.threads, kMaxExecutorThreads));
  return std::make_unique<NetworkExecutor>(Self(), options.threads);
}

absl::Status PackedNetwork::Trace(const NetworkInput& input, absl::Span<float> logits,
                                  ActivationTrace* trace) const {
  return NetworkExecutor(Self(), /*threads=*/1).Trace(input, logits, trace);
}

absl::StatusOr<std::vector<OpTime>> PackedNetwork::Profile(const NetworkInput& input, int repetitions) const {
  return NetworkExecutor(Self(), /*threads=*/1).Profile(input, repetitions);
}

}  // namespace edgenext::fused
