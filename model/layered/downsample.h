#ifndef MODEL_LAYERED_DOWNSAMPLE_H_
#define MODEL_LAYERED_DOWNSAMPLE_H_

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/weights.h"
#include "model/layered/layer_norm.h"
#include "model/layered/pack_context.h"
#include "model/ops/convolution.h"

namespace edgenext::layered {

// Between stages: the norm, then a 2x2 convolution of stride 2. A BatchNorm is folded into the convolution,
// which has no padding. Immutable; outlives the programs it is appended to.
class Downsample {
 public:
  static absl::StatusOr<Downsample> Pack(PackContext& context, const MapSize& source, int channels,
                                         const DownsampleWeights& weights);

  // `source` is a map as given to Pack, `destination` [height / 2, width / 2, channels].
  void AppendTo(ops::Program& program, const Buffers& buffers, const float* source, float* destination) const;

 private:
  Downsample(absl::optional<LayerNorm> norm, ops::Convolution convolution);

  absl::optional<LayerNorm> norm_;
  ops::Convolution convolution_;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_DOWNSAMPLE_H_
