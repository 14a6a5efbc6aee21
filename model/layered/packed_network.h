#ifndef MODEL_LAYERED_PACKED_NETWORK_H_
#define MODEL_LAYERED_PACKED_NETWORK_H_

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/network.h"
#include "model/layered/conv_encoder.h"
#include "model/layered/downsample.h"
#include "model/layered/head.h"
#include "model/layered/pack_context.h"
#include "model/layered/sdta_encoder.h"
#include "model/layered/stem.h"

namespace edgenext::layered {

// One stage: a way from the resolution before (not in the first stage), conv encoders, an SDTA encoder
// (likewise).
struct PackedStage {
  MapSize map;
  absl::optional<Downsample> downsample;               // either this
  absl::optional<StridedConvEncoder> strided_encoder;  // or this leads into the stage
  std::vector<ConvEncoder> conv_encoders;
  absl::optional<SdtaEncoder> sdta_encoder;
};

// The blocks of a network, each packed.
class PackedNetwork final : public Network {
 public:
  static absl::StatusOr<std::shared_ptr<const PackedNetwork>> Pack(const EdgeNextWeights& weights,
                                                                   const NetworkOptions& options,
                                                                   const kernels::KernelTable& kernels);
  PackedNetwork(EdgeNextConfig config, const NetworkOptions& options, PackContext context, Stem stem,
                std::array<PackedStage, kStages> stages, Head head);

  absl::StatusOr<std::unique_ptr<Executor>> MakeExecutor(const ExecutorOptions& options) const override;
  absl::Status Trace(const NetworkInput& input, absl::Span<float> logits,
                     ActivationTrace* trace) const override;
  absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& input, int repetitions) const override;

  const EdgeNextConfig& config() const override { return config_; }
  const NetworkOptions& options() const override { return options_; }
  size_t weights_bytes() const override { return memory_->size_bytes(); }
  size_t arena_bytes() const override { return sizes_.ArenaBytes(); }
  // Which implementation oneDNN chose, one line for each operation: "linear 256x160x640: brgemm:avx512_core".
  const std::vector<std::string>& implementations() const { return implementations_; }

  const BufferSizes& sizes() const { return sizes_; }
  const MapSize& stage_map(size_t stage) const { return stages_[stage].map; }

  // Appends every step of an image; returns where each stage ends, its result in buffers.activations[stage %
  // 2].
  std::array<size_t, kStages> AppendTo(ops::Program& program, const Buffers& buffers) const;

 private:
  std::shared_ptr<const PackedNetwork> Self() const;

  const EdgeNextConfig config_;
  const NetworkOptions options_;
  const BufferSizes sizes_;
  const std::shared_ptr<const PackedMemory> memory_;
  const std::vector<std::string> implementations_;
  const Stem stem_;
  const std::array<PackedStage, kStages> stages_;
  const Head head_;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_PACKED_NETWORK_H_
