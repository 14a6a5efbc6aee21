#ifndef MODEL_FUSED_PACKED_NETWORK_H_
#define MODEL_FUSED_PACKED_NETWORK_H_

#include <array>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/network.h"
#include "model/fused/conv_encoder.h"
#include "model/fused/downsample.h"
#include "model/fused/head.h"
#include "model/fused/pack_context.h"
#include "model/fused/sdta_encoder.h"
#include "model/fused/stem.h"

namespace edgenext::fused {

// One stage: a way from the resolution before (not in the first stage), conv encoders, an SDTA encoder
// (likewise).
struct PackedStage {
  MapLayout map;
  absl::optional<Downsample> downsample;               // either this
  absl::optional<StridedConvEncoder> strided_encoder;  // or this leads into the stage
  std::vector<ConvEncoder> conv_encoders;
  absl::optional<SdtaEncoder> sdta_encoder;
};

// Where an executor finds what it was asked for.
struct ProgramResults {
  std::array<size_t, kStages> stage_ends;    // in the program
  std::array<const float*, kStages> stages;  // maps, valid until the next stage has run
};

// The blocks of a network, each packed.
class PackedNetwork final : public Network {
 public:
  // `linear` are the kernels of `kernels`'s instruction set in the precision of `options`.
  static std::shared_ptr<const Network> Pack(const EdgeNextWeights& weights, const NetworkOptions& options,
                                             const kernels::KernelTable& kernels,
                                             const kernels::LinearKernels& linear);

  PackedNetwork(const EdgeNextWeights& weights, const NetworkOptions& options, PackContext context);

  absl::StatusOr<std::unique_ptr<Executor>> MakeExecutor(const ExecutorOptions& options) const override;
  absl::Status Trace(const NetworkInput& input, absl::Span<float> logits,
                     ActivationTrace* trace) const override;
  absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& input, int repetitions) const override;

  const EdgeNextConfig& config() const override { return config_; }
  const NetworkOptions& options() const override { return options_; }
  size_t weights_bytes() const override { return memory_->size_bytes(); }
  size_t arena_bytes() const override { return sizes_.ArenaBytes(/*threads=*/1); }

  const BufferSizes& sizes() const { return sizes_; }
  const MapLayout& stage_map(size_t stage) const { return stages_[stage].map; }

  // Appends every step of an image.
  ProgramResults AppendTo(Program& program, const Buffers& buffers) const;

 private:
  std::shared_ptr<const PackedNetwork> Self() const;

  const EdgeNextConfig config_;
  const NetworkOptions options_;
  const std::shared_ptr<const PackedMemory> memory_;
  const std::vector<PackedStage> stages_;  // kStages
  const Stem stem_;
  const Head head_;
  const BufferSizes sizes_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_PACKED_NETWORK_H_
