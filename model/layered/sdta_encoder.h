#ifndef MODEL_LAYERED_SDTA_ENCODER_H_
#define MODEL_LAYERED_SDTA_ENCODER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/fold.h"
#include "model/edgenext/weights.h"
#include "model/layered/layer_norm.h"
#include "model/layered/mlp.h"
#include "model/layered/pack_context.h"
#include "model/ops/convolution.h"
#include "model/ops/linear.h"

namespace edgenext::layered {

// The split depth-wise transpose attention encoder, Maaz et al., "EdgeNeXt", section 3.1:
//   y = cascade(x) [+ positional code]
//   y += gamma_xca * proj(XCA(qkv(norm_xca(y))))
//   x += MLP(y)
// The cascade splits the channels into chunks: the first goes through a depthwise 3x3 convolution, each
// further one is added to the output before it first, and the last passes through untouched. With BatchNorm,
// norm_xca is applied between cascade and positional code instead, so that the residual of attention is the
// normalised tensor. gamma_xca is folded into proj. Immutable; outlives the programs it is appended to.
class SdtaEncoder {
 public:
  static absl::StatusOr<SdtaEncoder> Pack(PackContext& context, int stage, const MapSize& map,
                                          const SdtaEncoderWeights& weights);

  // Updates `x`, [height, width, channels].
  void AppendTo(ops::Program& program, const Buffers& buffers, float* x) const;

 private:
  SdtaEncoder(const PackContext& context, int stage, const MapSize& map, const SdtaEncoderWeights& weights,
              std::vector<ops::Convolution> cascade, ops::Linear qkv, ops::Linear proj, Mlp mlp);

  void AppendCascade(ops::Program& program, const Buffers& buffers, const float* x) const;
  void AppendAttention(ops::Program& program, const Buffers& buffers) const;

  MapSize map_;
  int chunk_width_;
  int heads_;
  std::vector<ops::Convolution> cascade_;
  absl::optional<ChannelAffine> batch_norm_;  // either this
  absl::optional<LayerNorm> layer_norm_;      // or this is norm_xca
  Tensor positional_code_;                    // [tokens, channels] or empty
  Tensor temperature_;
  const kernels::XcaKernels* xca_;
  ops::Linear qkv_;
  ops::Linear proj_;
  Mlp mlp_;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_SDTA_ENCODER_H_
