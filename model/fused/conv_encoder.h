#ifndef MODEL_FUSED_CONV_ENCODER_H_
#define MODEL_FUSED_CONV_ENCODER_H_

#include "model/edgenext/weights.h"
#include "model/fused/depthwise.h"
#include "model/fused/mlp.h"
#include "model/fused/pack_context.h"

namespace edgenext::fused {

// x + MLP(depthwise(x)), Maaz et al., "EdgeNeXt", equation 1. A BatchNorm after the depthwise convolution is
// folded into it. Immutable; outlives the programs it is appended to.
class ConvEncoder {
 public:
  ConvEncoder(PackContext& context, int stage, const MapLayout& map, const ConvEncoderWeights& weights);

  // Reads the map `x` and writes the map `out`, which is another.
  void AppendTo(Program& program, const float* x, float* out) const;

 private:
  const MapLayout map_;
  Depthwise depthwise_;
  Mlp mlp_;
};

// The block that halves the map in variants without downsampling layers: y = depthwise(x) with stride 2 and
// twice as many outputs as inputs, then y + MLP(y). Immutable; outlives the programs it is appended to.
class StridedConvEncoder {
 public:
  // Reads the map `source` and makes `map`.
  StridedConvEncoder(PackContext& context, int stage, const MapLayout& source, const MapLayout& map,
                     const ConvEncoderWeights& weights);

  void AppendTo(Program& program, const float* x, float* out) const;

 private:
  const MapLayout source_, map_;
  Depthwise depthwise_;
  Mlp mlp_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_CONV_ENCODER_H_
