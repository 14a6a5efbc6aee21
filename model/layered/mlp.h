#ifndef MODEL_LAYERED_MLP_H_
#define MODEL_LAYERED_MLP_H_

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/weights.h"
#include "model/layered/layer_norm.h"
#include "model/layered/pack_context.h"
#include "model/ops/linear.h"

namespace edgenext::layered {

// The end of both encoders, over the channels of each token:
//   residual += gamma * fc2(activation(fc1(norm(source))))
// A BatchNorm is folded into fc1 and gamma into fc2. Immutable; outlives the programs it is appended to.
class Mlp {
 public:
  // With ConvEncoderWeights or SdtaEncoderWeights `w`: norm is w.norm, or null where it is folded away
  // already.
  static absl::StatusOr<Mlp> Pack(PackContext& context, const MapSize& map, const NormWeights* norm,
                                  const LinearWeights& fc1, const LinearWeights& fc2, const Tensor& gamma);

  // `source` and `residual` are [tokens, channels]; they may be the same if there is a LayerNorm.
  void AppendTo(ops::Program& program, const Buffers& buffers, const float* source, float* residual) const;

 private:
  Mlp(const MapSize& map, absl::optional<LayerNorm> norm, ops::Linear fc1, ops::Linear fc2);

  MapSize map_;
  absl::optional<LayerNorm> norm_;
  ops::Linear fc1_;
  ops::Linear fc2_;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_MLP_H_
