#include "model/layered/packed_network.h"

#include "model/base/status_macros.h"
#include "model/edgenext/execution_checks.h"
#include "model/layered/network_executor.h"

namespace edgenext::layered {
namespace {

// `before` is the map of the stage before.
absl::StatusOr<PackedStage> PackStage(PackContext& context, int index, const MapSize& before,
                                      const StageWeights& weights) {
  PackedStage stage;
  stage.map = before;
  auto encoders = absl::MakeConstSpan(weights.conv_encoders);
  if (index > 0) {
    stage.map = {before.height / 2, before.width / 2, context.config.dims[static_cast<size_t>(index)]};
    if (weights.downsample.has_value()) {
      EDGENEXT_ASSIGN_OR_RETURN(stage.downsample,
                                Downsample::Pack(context, before, stage.map.channels, *weights.downsample));
    } else {
      EDGENEXT_ASSIGN_OR_RETURN(stage.strided_encoder,
                                StridedConvEncoder::Pack(context, index, before, encoders.front()));
      encoders.remove_prefix(1);
    }
  }
  for (const ConvEncoderWeights& encoder : encoders) {
    EDGENEXT_ASSIGN_OR_RETURN(ConvEncoder packed, ConvEncoder::Pack(context, index, stage.map, encoder));
    stage.conv_encoders.push_back(std::move(packed));
  }
  if (weights.sdta.has_value()) {
    EDGENEXT_ASSIGN_OR_RETURN(stage.sdta_encoder,
                              SdtaEncoder::Pack(context, index, stage.map, *weights.sdta));
  }
  return stage;
}

}  // namespace

PackedNetwork::PackedNetwork(EdgeNextConfig config, const NetworkOptions& options, PackContext context,
                             Stem stem, std::array<PackedStage, kStages> stages, Head head)
    : config_(std::move(config)),
      options_(options),
      sizes_(context.sizes),
      memory_(context.packer.memory()),
      implementations_(context.packer.implementations()),
      stem_(std::move(stem)),
      stages_(std::move(stages)),
      head_(std::move(head)) {}

absl::StatusOr<std::shared_ptr<const PackedNetwork>> PackedNetwork::Pack(
    const EdgeNextWeights& weights, const NetworkOptions& options, const kernels::KernelTable& kernels) {
  PackContext context{weights.config, kernels, ops::Packer(options.isa), {}};
  EDGENEXT_ASSIGN_OR_RETURN(Stem stem, Stem::Pack(context, options, weights.stem, weights.stem_norm));
  std::array<PackedStage, kStages> stages;
  MapSize map = stem.map();
  for (int i = 0; i < kStages; ++i) {
    const auto index = static_cast<size_t>(i);
    EDGENEXT_ASSIGN_OR_RETURN(stages[index], PackStage(context, i, map, weights.stages[index]));
    map = stages[index].map;
  }
  EDGENEXT_ASSIGN_OR_RETURN(Head head, Head::Pack(context, map, weights.head_norm, weights.head));
  context.sizes.op_scratch_bytes = context.packer.scratch_bytes();
  return std::make_shared<const PackedNetwork>(weights.config, options, std::move(context), std::move(stem),
                                               std::move(stages), std::move(head));
}

std::array<size_t, kStages> PackedNetwork::AppendTo(ops::Program& program, const Buffers& buffers) const {
  std::array<size_t, kStages> stage_ends;
  stem_.AppendTo(program, buffers, buffers.activations[0]);
  for (size_t i = 0; i < kStages; ++i) {
    const PackedStage& stage = stages_[i];
    float* x = buffers.activations[i % 2];
    const float* before = buffers.activations[(i + 1) % 2];
    if (stage.downsample.has_value()) stage.downsample->AppendTo(program, buffers, before, x);
    if (stage.strided_encoder.has_value()) stage.strided_encoder->AppendTo(program, buffers, before, x);
    for (const ConvEncoder& encoder : stage.conv_encoders) encoder.AppendTo(program, buffers, x);
    if (stage.sdta_encoder.has_value()) stage.sdta_encoder->AppendTo(program, buffers, x);
    stage_ends[i] = program.size();
  }
  head_.AppendTo(program, buffers, buffers.activations[(kStages - 1) % 2]);
  return stage_ends;
}

std::shared_ptr<const PackedNetwork> PackedNetwork::Self() const {
  return std::static_pointer_cast<const PackedNetwork>(shared_from_this());
}

absl::StatusOr<std::unique_ptr<Executor>> PackedNetwork::MakeExecutor(const ExecutorOptions& options) const {
  EDGENEXT_RETURN_IF_ERROR(CheckThreads(options.threads, /*most=*/1));
  auto executor = std::make_unique<NetworkExecutor>(Self());
  EDGENEXT_RETURN_IF_ERROR(executor->status());
  return executor;
}

absl::Status PackedNetwork::Trace(const NetworkInput& input, absl::Span<float> logits,
                                  ActivationTrace* trace) const {
  return NetworkExecutor(Self()).Trace(input, logits, trace);
}

absl::StatusOr<std::vector<OpTime>> PackedNetwork::Profile(const NetworkInput& input, int repetitions) const {
  return NetworkExecutor(Self()).Profile(input, repetitions);
}

}  // namespace edgenext::layered
