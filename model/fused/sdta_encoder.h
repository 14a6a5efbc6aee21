#ifndef MODEL_FUSED_SDTA_ENCODER_H_
#define MODEL_FUSED_SDTA_ENCODER_H_

#include <vector>

#include "model/edgenext/weights.h"
#include "model/fused/depthwise.h"
#include "model/fused/mlp.h"
#include "model/fused/pack_context.h"
#include "model/fused/xca.h"

namespace edgenext::fused {

// The split depth-wise transpose attention encoder, Maaz et al., "EdgeNeXt", section 3.1:
//   y = cascade(x) [+ positional code]
//   y += gamma_xca * proj(XCA(qkv(norm_xca(y))))
//   out = x + MLP(y)
// The cascade splits the channels into chunks: the first goes through a depthwise 3x3 convolution, each
// further one is added to the output before it first, and the last passes through untouched. Chunks are
// ranges of channels of the maps x and y. With BatchNorm, norm_xca is applied between cascade and positional
// code instead, so that the residual of attention is the normalised tensor. Immutable; outlives the programs
// it is appended to.
class SdtaEncoder {
 public:
  SdtaEncoder(PackContext& context, int stage, const MapLayout& map, const SdtaEncoderWeights& weights);

  // Reads the map `x` and writes the map `out`, which is another.
  void AppendTo(Program& program, const Buffers& buffers, const float* x, float* out) const;

 private:
  void AppendCascade(Program& program, const Buffers& buffers, const float* x) const;
  void FinishTokens(Band band, const float* x, float* y) const;

  const MapLayout map_;
  const int chunk_width_;
  std::vector<Depthwise> cascade_;
  // y = y * scale + shift, of a BatchNorm, padded; or null.
  const float* scale_ = nullptr;
  const float* shift_ = nullptr;
  const float* code_ = nullptr;  // positional, a map, or null
  Xca xca_;
  Mlp mlp_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_SDTA_ENCODER_H_
