#include "model/fused/network_executor.h"

#include <algorithm>
#include <utility>

#include "model/base/clock.h"
#include "model/base/status_macros.h"
#include "model/edgenext/execution_checks.h"

namespace edgenext::fused {
namespace {

// A map → [channels, height, width]
Tensor ChannelsFirst(const float* x, const MapLayout& map) {
  Tensor result({map.channels, map.height, map.width});
  const auto tokens = static_cast<size_t>(map.tokens());
  for (size_t c = 0; c < static_cast<size_t>(map.channels); ++c) {
    for (size_t t = 0; t < tokens; ++t) result.values[c * tokens + t] = x[t * map.stride_floats() + c];
  }
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NetworkExecutor>> NetworkExecutor::Make(
    std::shared_ptr<const PackedNetwork> network, int threads) {
  EDGENEXT_ASSIGN_OR_RETURN(std::unique_ptr<Crew> crew, Crew::Make(threads));
  return std::make_unique<NetworkExecutor>(std::move(network), std::move(crew));
}

NetworkExecutor::NetworkExecutor(std::shared_ptr<const PackedNetwork> network, std::unique_ptr<Crew> crew)
    : network_(std::move(network)),
      arena_(network_->sizes().ArenaBytes(crew->threads())),
      buffers_(network_->sizes(), crew->threads(), arena_),
      crew_(std::move(crew)) {
  buffers_.input = &input_;
  results_ = network_->AppendTo(program_, buffers_);
}

absl::Status NetworkExecutor::Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits) {
  EDGENEXT_RETURN_IF_ERROR(CheckLogits(batch.size(), classes(), logits.size()));
  float* out = logits.data();
  for (const NetworkInput& input : batch) {
    EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
    input_ = input;
    Run(0, program_.size());
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
    Run(first, results_.stage_ends[stage]);
    first = results_.stage_ends[stage];
    trace->stages[stage] = ChannelsFirst(results_.stages[stage], network_->stage_map(stage));
  }
  Run(first, program_.size());
  const int channels = network_->config().dims.back();
  trace->features = Tensor({channels});
  std::copy_n(buffers_.features, channels, trace->features.values.begin());
  std::copy_n(buffers_.logits, classes(), logits.begin());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OpTime>> NetworkExecutor::Profile(const NetworkInput& input, int repetitions) {
  EDGENEXT_RETURN_IF_ERROR(CheckInput(input));
  input_ = input;
  Run(0, program_.size());
  std::array<absl::Duration, kOpKinds> times;
  const Clock& clock = Clock::Real();
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    MonotonicTime before = clock.Now();
    for (const Program::Step& step : program_.steps()) {
      step.ForEachBand(/*thread=*/0, /*threads=*/1, [&](Band band) {
        for (const Program::Op& op : step.ops) {
          op.run(band, buffers_.scratch[0]);
          const MonotonicTime after = clock.Now();
          times[static_cast<size_t>(op.kind)] += after - before;
          before = after;
        }
      });
    }
  }
  std::vector<OpTime> result;
  for (size_t kind = 0; kind < times.size(); ++kind) {
    result.push_back({OpKindName(static_cast<OpKind>(kind)), times[kind] / repetitions});
  }
  return result;
}

}  // namespace edgenext::fused
