#ifndef MODEL_LAYERED_HEAD_H_
#define MODEL_LAYERED_HEAD_H_

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/fold.h"
#include "model/edgenext/weights.h"
#include "model/layered/layer_norm.h"
#include "model/layered/pack_context.h"
#include "model/ops/linear.h"

namespace edgenext::layered {

// From the last feature map to logits: mean over pixels, norm, linear layer. A BatchNorm comes before the
// mean in the paper's code, but is the same map for every pixel, so that after the mean it is equal.
// Immutable; outlives the programs it is appended to.
class Head {
 public:
  static absl::StatusOr<Head> Pack(PackContext& context, const MapSize& map, const NormWeights& norm,
                                   const LinearWeights& linear);

  // Reads `x`, writes buffers.features and buffers.logits.
  void AppendTo(ops::Program& program, const Buffers& buffers, const float* x) const;

 private:
  Head(const PackContext& context, const MapSize& map, const NormWeights& norm, ops::Linear linear);

  MapSize map_;
  absl::optional<ChannelAffine> batch_norm_;  // either this
  absl::optional<LayerNorm> layer_norm_;      // or this is the norm
  ops::Linear linear_;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_HEAD_H_
