#include "model/edgenext/packed_network.h"

#include "model/base/status_macros.h"
#include "model/edgenext/network_executor.h"

namespace edgenext {

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

absl::StatusOr<std::unique_ptr<Executor>> PackedNetwork::MakeExecutor() const {
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

}  // namespace edgenext
