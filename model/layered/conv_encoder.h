#ifndef MODEL_LAYERED_CONV_ENCODER_H_
#define MODEL_LAYERED_CONV_ENCODER_H_

#include "absl/status/statusor.h"
#include "model/edgenext/weights.h"
#include "model/layered/mlp.h"
#include "model/layered/pack_context.h"
#include "model/ops/convolution.h"

namespace edgenext::layered {

// x + MLP(depthwise(x)), Maaz et al., "EdgeNeXt", equation 1. A BatchNorm after the depthwise convolution is
// folded into it. Immutable; outlives the programs it is appended to.
class ConvEncoder {
 public:
  static absl::StatusOr<ConvEncoder> Pack(PackContext& context, int stage, const MapSize& map,
                                          const ConvEncoderWeights& weights);

  // Updates `x`, [height, width, channels].
  void AppendTo(ops::Program& program, const Buffers& buffers, float* x) const;

 private:
  ConvEncoder(ops::Convolution depthwise, Mlp mlp);

  ops::Convolution depthwise_;
  Mlp mlp_;
};

// The block that halves the map in variants without downsampling layers: y = depthwise(x) with stride 2 and
// twice as many outputs as inputs, then y + MLP(y). Input channels are repeated so that the convolution is a
// plain depthwise one. Immutable; outlives the programs it is appended to.
class StridedConvEncoder {
 public:
  static absl::StatusOr<StridedConvEncoder> Pack(PackContext& context, int stage, const MapSize& source,
                                                 const ConvEncoderWeights& weights);

  // `source` is a map as given to Pack, `destination` [height / 2, width / 2, dims[stage]].
  void AppendTo(ops::Program& program, const Buffers& buffers, const float* source, float* destination) const;

 private:
  StridedConvEncoder(int source_channels, ops::Convolution depthwise, Mlp mlp);

  int source_channels_;
  ops::Convolution depthwise_;
  Mlp mlp_;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_CONV_ENCODER_H_
