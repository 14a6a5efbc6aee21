#ifndef MODEL_FUSED_NETWORK_EXECUTOR_H_
#define MODEL_FUSED_NETWORK_EXECUTOR_H_

#include <memory>
#include <vector>

#include "model/base/arena.h"
#include "model/base/thread_team.h"
#include "model/edgenext/network.h"
#include "model/fused/buffers.h"
#include "model/fused/packed_network.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// The memory of a caller and the program over it.
class NetworkExecutor final : public Executor {
 public:
  // For teams of up to `threads` >= 1.
  NetworkExecutor(std::shared_ptr<const PackedNetwork> network, int threads);

  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                       ThreadTeam& team) override;
  // On the calling thread, as is Profile.
  absl::Status Trace(const NetworkInput& input, absl::Span<float> logits, ActivationTrace* trace);
  absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& input, int repetitions);

  int height() const override { return network_->options().height; }
  int width() const override { return network_->options().width; }
  int classes() const override { return network_->config().classes; }

 private:
  void Run(size_t first, size_t last, ThreadTeam& team) { program_.Run(first, last, team, buffers_.scratch); }

  const std::shared_ptr<const PackedNetwork> network_;
  NetworkInput input_;
  Arena arena_;
  Buffers buffers_;
  Program program_;
  ProgramResults results_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_NETWORK_EXECUTOR_H_
