#ifndef MODEL_FUSED_HEAD_H_
#define MODEL_FUSED_HEAD_H_

#include "model/edgenext/weights.h"
#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// From the last feature map to logits, in float32: mean over tokens, norm, linear layer. With BatchNorm the
// norm comes first, but it is affine and so commutes with the mean. Immutable; outlives the programs it is
// appended to.
class Head {
 public:
  Head(PackContext& context, const MapLayout& map, const NormWeights& norm, const LinearWeights& linear);

  // Reads the map `x`; writes buffers.features, what the linear layer reads, and buffers.logits.
  void AppendTo(Program& program, const Buffers& buffers, const float* x) const;

 private:
  void AppendLinear(Program& program, const Buffers& buffers) const;
  void MeanOverTokens(const float* x, float* pooled) const;

  const MapLayout map_;
  const kernels::LinearKernels& kernels_;
  const bool layer_norm_;
  const float* scale_;  // of the norm, padded
  const float* shift_;
  kernels::PackedLinear layer_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_HEAD_H_
