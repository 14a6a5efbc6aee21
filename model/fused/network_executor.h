#ifndef MODEL_FUSED_NETWORK_EXECUTOR_H_
#define MODEL_FUSED_NETWORK_EXECUTOR_H_

#include <memory>
#include <vector>

#include "model/base/arena.h"
#include "model/edgenext/network.h"
#include "model/fused/buffers.h"
#include "model/fused/crew.h"
#include "model/fused/packed_network.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// The memory of a caller, the program over it and the threads that run it.
class NetworkExecutor final : public Executor {
 public:
  // `threads` >= 1; RESOURCE_EXHAUSTED if one cannot be started.
  static absl::StatusOr<std::unique_ptr<NetworkExecutor>> Make(std::shared_ptr<const PackedNetwork> network,
                                                               int threads);
  NetworkExecutor(std::shared_ptr<const PackedNetwork> network, std::unique_ptr<Crew> crew);

  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits) override;
  absl::Status Trace(const NetworkInput& input, absl::Span<float> logits, ActivationTrace* trace);
  // On one thread.
  absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& input, int repetitions);

  int height() const override { return network_->options().height; }
  int width() const override { return network_->options().width; }
  int classes() const override { return network_->config().classes; }

 private:
  void Run(size_t first, size_t last) { program_.Run(first, last, *crew_, buffers_.scratch); }

  const std::shared_ptr<const PackedNetwork> network_;
  NetworkInput input_;
  Arena arena_;
  Buffers buffers_;
  Program program_;
  ProgramResults results_;
  const std::unique_ptr<Crew> crew_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_NETWORK_EXECUTOR_H_
