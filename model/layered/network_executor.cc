#include "model/layered/network_executor.h"

#include <algorithm>
#include <utility>

#include "model/base/clock.h"
#include "model/base/status_macros.h"
#include "model/edgenext/channels_first.h"
#include "model/edgenext/execution_checks.h"

namespace edgenext::layered {

NetworkExecutor::NetworkExecutor(std::shared_ptr<const PackedNetwork> network)
    : network_(std::move(network)),
      arena_(network_->sizes().ArenaBytes()),
      buffers_(network_->sizes(), arena_),
      program_(buffers_.op_scratch) {
  buffers_.input = &input_;
  stage_ends_ = network_->AppendTo(program_, buffers_);
}

absl::Status NetworkExecutor::Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                                      ThreadTeam& /*team*/) {
  EDGENEXT_RETURN_IF_ERROR(CheckLogits(batch.size(), classes(), logits.size()));
  float* out = logits.data();
  for (const NetworkInput& input : batch) {
    EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
    input_ = input;
    EDGENEXT_RETURN_IF_ERROR(program_.RunAll());
    out = std::copy_n(buffers_.logits, classes(), out);
  }
  return absl::OkStatus();
}

absl::Status NetworkExecutor::Trace(const NetworkInput& input, absl::Span<float> logits,
                                    ActivationTrace* trace) {
  EDGENEXT_RETURN_IF_ERROR(CheckLogits(1, classes(), logits.size()));
  EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
  input_ = input;
  size_t first = 0;
  for (size_t stage = 0; stage < kStages; ++stage) {
    EDGENEXT_RETURN_IF_ERROR(program_.RunSteps(first, stage_ends_[stage]));
    first = stage_ends_[stage];
    const MapSize& map = network_->stage_map(stage);
    trace->stages[stage] = ChannelsFirst(buffers_.activations[stage % 2], static_cast<size_t>(map.channels),
                                         map.channels, map.height, map.width);
  }
  EDGENEXT_RETURN_IF_ERROR(program_.RunSteps(first, program_.size()));
  const int channels = network_->config().dims.back();
  trace->features = Tensor({channels});
  std::copy_n(buffers_.features, channels, trace->features.values.begin());
  std::copy_n(buffers_.logits, classes(), logits.begin());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OpTime>> NetworkExecutor::Profile(const NetworkInput& input, int repetitions) {
  EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
  input_ = input;
  EDGENEXT_RETURN_IF_ERROR(program_.RunAll());
  std::vector<absl::Duration> least(program_.size(), absl::InfiniteDuration());
  const Clock& clock = Clock::Real();
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    MonotonicTime before = clock.Now();
    for (size_t i = 0; i < program_.size(); ++i) {
      EDGENEXT_RETURN_IF_ERROR(program_.steps()[i].run());
      const MonotonicTime after = clock.Now();
      least[i] = std::min(least[i], after - before);
      before = after;
    }
  }

  std::vector<OpTime> result;
  result.reserve(ops::kOpKinds);
  for (int kind = 0; kind < ops::kOpKinds; ++kind) {
    result.push_back({ops::OpKindName(static_cast<ops::OpKind>(kind)), absl::ZeroDuration(), {}});
  }
  for (size_t i = 0; i < program_.size(); ++i) {
    const ops::Program::Step& step = program_.steps()[i];
    result[static_cast<size_t>(step.kind)].time += least[i];
    result[static_cast<size_t>(step.kind)].macs.f32 += step.macs;
  }
  return result;
}

}  // namespace edgenext::layered
