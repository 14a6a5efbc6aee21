#ifndef MODEL_LAYERED_NETWORK_EXECUTOR_H_
#define MODEL_LAYERED_NETWORK_EXECUTOR_H_

#include <array>
#include <memory>
#include <vector>

#include "model/base/arena.h"
#include "model/edgenext/network.h"
#include "model/layered/buffers.h"
#include "model/layered/packed_network.h"
#include "model/ops/program.h"

namespace edgenext::layered {

// One thread's memory and the program over it: every layer of the network in order, its memory bound.
class NetworkExecutor final : public Executor {
 public:
  explicit NetworkExecutor(std::shared_ptr<const PackedNetwork> network);

  // Whether it can run.
  const absl::Status& status() const { return program_.status(); }

  // On the calling thread, whatever the team.
  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                       ThreadTeam& team) override;
  absl::Status Trace(const NetworkInput& input, absl::Span<float> logits, ActivationTrace* trace);
  absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& input, int repetitions);

  int height() const override { return network_->options().height; }
  int width() const override { return network_->options().width; }
  int classes() const override { return network_->config().classes; }

 private:
  const std::shared_ptr<const PackedNetwork> network_;
  NetworkInput input_;
  Arena arena_;
  Buffers buffers_;
  ops::Program program_;
  std::array<size_t, kStages> stage_ends_;  // in program_
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_NETWORK_EXECUTOR_H_
