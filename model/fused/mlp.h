#ifndef MODEL_FUSED_MLP_H_
#define MODEL_FUSED_MLP_H_

#include <vector>

#include "model/edgenext/weights.h"
#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"

namespace edgenext::fused {

// The end of both encoders, over the channels of each token of a band:
//   out = residual + gamma * fc2(activation(fc1(norm(source))))
// gamma, a BatchNorm, and the affine part of a LayerNorm are folded into the layers. Immutable; outlives the
// programs it is appended to.
class Mlp {
 public:
  // With ConvEncoderWeights or SdtaEncoderWeights `w`: norm is w.norm, or null where it is folded away
  // already.
  Mlp(PackContext& context, const MapLayout& map, const NormWeights* norm, const LinearWeights& fc1,
      const LinearWeights& fc2, const Tensor& gamma);

  // Appends ops to a step over the map's bands. `source` is a map, or null for the rows that the ops before
  // left in the band's scratch. `residual` and `out` are maps, and may be the same.
  void AppendTo(std::vector<Program::Op>* ops, const float* source, const float* residual, float* out) const;

 private:
  const MapLayout map_;
  const kernels::LinearKernels& kernels_;
  const bool layer_norm_;
  const kernels::Activation activation_;
  kernels::PackedLinear fc1_, fc2_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_MLP_H_
