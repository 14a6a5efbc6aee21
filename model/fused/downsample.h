#ifndef MODEL_FUSED_DOWNSAMPLE_H_
#define MODEL_FUSED_DOWNSAMPLE_H_

#include "model/edgenext/weights.h"
#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// Between stages: the norm, then a 2x2 convolution of stride 2, whose patches do not overlap: they are
// gathered while they are normalised. A BatchNorm, and the affine part of a LayerNorm, are folded into the
// convolution. Immutable; outlives the programs it is appended to.
class Downsample {
 public:
  // From the map `source` to `map`, of half its height and width, in the precision of `linear`.
  Downsample(PackContext& context, const kernels::LinearKernels& linear, const MapLayout& source,
             const MapLayout& map, const DownsampleWeights& weights);

  void AppendTo(Program& program, const float* x, float* out) const;

 private:
  void GatherPatches(Band band, const float* x, const BandScratch& scratch) const;

  const MapLayout source_, map_;
  const kernels::LinearKernels& kernels_;
  const bool layer_norm_;
  kernels::PackedLinear layer_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_DOWNSAMPLE_H_
