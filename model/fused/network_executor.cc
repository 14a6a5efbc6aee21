#include "model/fused/network_executor.h"

#include <algorithm>
#include <utility>

#include "model/base/clock.h"
#include "model/base/status_macros.h"
#include "model/edgenext/channels_first.h"
#include "model/edgenext/execution_checks.h"

namespace edgenext::fused {

NetworkExecutor::NetworkExecutor(std::shared_ptr<const PackedNetwork> network, int threads)
    : network_(std::move(network)),
      arena_(network_->sizes().ArenaBytes(threads)),
      buffers_(network_->sizes(), threads, arena_) {
  buffers_.input = &input_;
  results_ = network_->AppendTo(program_, buffers_);
}

absl::Status NetworkExecutor::Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                                      ThreadTeam& team) {
  EDGENEXT_RETURN_IF_ERROR(CheckLogits(batch.size(), classes(), logits.size()));
  float* out = logits.data();
  for (const NetworkInput& input : batch) {
    EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
    input_ = input;
    Run(0, program_.size(), team);
    out = std::copy_n(buffers_.logits, classes(), out);
  }
  return absl::OkStatus();
}

absl::Status NetworkExecutor::Trace(const NetworkInput& input, absl::Span<float> logits,
                                    ActivationTrace* trace) {
  EDGENEXT_RETURN_IF_ERROR(CheckLogits(1, classes(), logits.size()));
  EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
  input_ = input;
  CallingThread alone;
  size_t first = 0;
  for (size_t stage = 0; stage < kStages; ++stage) {
    Run(first, results_.stage_ends[stage], alone);
    first = results_.stage_ends[stage];
    const MapLayout& map = network_->stage_map(stage);
    trace->stages[stage] =
        ChannelsFirst(results_.stages[stage], map.stride_floats(), map.channels, map.height, map.width);
  }
  Run(first, program_.size(), alone);
  const int channels = network_->config().dims.back();
  trace->features = Tensor({channels});
  std::copy_n(buffers_.features, channels, trace->features.values.begin());
  std::copy_n(buffers_.logits, classes(), logits.begin());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OpTime>> NetworkExecutor::Profile(const NetworkInput& input, int repetitions) {
  EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
  input_ = input;
  CallingThread alone;
  Run(0, program_.size(), alone);
  std::vector<std::vector<absl::Duration>> least;  // by step and op
  for (const Program::Step& step : program_.steps()) {
    least.emplace_back(step.ops.size(), absl::InfiniteDuration());
  }
  const Clock& clock = Clock::Real();
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (size_t i = 0; i < program_.size(); ++i) {
      const Program::Step& step = program_.steps()[i];
      std::vector<absl::Duration> times(step.ops.size());
      MonotonicTime before = clock.Now();
      step.ForEachBand(/*thread=*/0, /*threads=*/1, [&](Band band) {
        for (size_t op = 0; op < times.size(); ++op) {
          step.ops[op].run(band, buffers_.scratch[0]);
          const MonotonicTime after = clock.Now();
          times[op] += after - before;
          before = after;
        }
      });
      for (size_t op = 0; op < times.size(); ++op) least[i][op] = std::min(least[i][op], times[op]);
    }
  }

  std::vector<OpTime> result;
  result.reserve(kOpKinds);
  for (int kind = 0; kind < kOpKinds; ++kind) {
    result.push_back({OpKindName(static_cast<OpKind>(kind)), absl::ZeroDuration(), {}});
  }
  for (size_t i = 0; i < program_.size(); ++i) {
    const Program::Step& step = program_.steps()[i];
    for (size_t op = 0; op < step.ops.size(); ++op) {
      OpTime& of_kind = result[static_cast<size_t>(step.ops[op].kind)];
      of_kind.time += least[i][op];
      of_kind.macs += step.ops[op].macs;
    }
  }
  return result;
}

}  // namespace edgenext::fused
