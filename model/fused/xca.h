#ifndef MODEL_FUSED_XCA_H_
#define MODEL_FUSED_XCA_H_

#include <vector>

#include "model/edgenext/weights.h"
#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// Cross-covariance attention with its norm, its projections and its residual:
//   y += gamma_xca * proj(XCA(qkv(norm_xca(y))))
// Each of its halves, the scores and the values, takes the form that needs fewer multiplications at this size
// (kernels/xca.h). gamma_xca and the affine part of a LayerNorm are folded into the layers; a BatchNorm has
// been applied to y by the caller. Immutable; outlives the programs it is appended to.
class Xca {
 public:
  Xca(PackContext& context, int stage, const MapLayout& map, const SdtaEncoderWeights& weights);

  // Appends the steps from the map buffers.tokens, y, to attention. The first of them begins with what the
  // step `tokens`, over the map, does: it makes y.
  void AppendTo(Program& program, Program::Step tokens, const Buffers& buffers) const;
  // Appends the ops that apply it and add the result to y, to a step over the map.
  void AppendResidualTo(std::vector<Program::Op>* ops, const Buffers& buffers) const;

 private:
  // Of one of the two products of attention, with those of the linear layers that its form makes superfluous.
  Macs AttentionMacs(int layers) const;
  kernels::XcaShape OneHead() const { return {shape_.tokens, 1, shape_.head_dim}; }
  void AppendLinear(std::vector<Program::Op>* ops, const Buffers& buffers) const;
  Program::Op GramScores(const Buffers& buffers) const;
  Program::Op Scores(const Buffers& buffers) const;  // of a band of heads
  Program::Op Fold(const Buffers& buffers) const;

  const MapLayout map_;
  const kernels::XcaShape shape_;
  const kernels::XcaKernels& xca_;
  const kernels::LinearKernels& kernels_;
  const kernels::LinearKernels& f32_;
  const bool layer_norm_;
  kernels::XcaForms forms_;
  const float* temperature_;

  // What is computed of every token: q and k unless the scores come from the Gram matrix, v unless it is
  // folded.
  kernels::PackedLinear wide_ = {};
  int wide_stride_ = 0;
  // Of the Gram form.
  const float* query_weight_ = nullptr;
  const float* key_weight_ = nullptr;
  const float* query_bias_ = nullptr;
  const float* key_bias_ = nullptr;
  // Either the projection, or what it is folded from.
  kernels::PackedLinear proj_ = {};
  const float* value_weight_ = nullptr;
  const float* value_bias_ = nullptr;
  const float* proj_weight_ = nullptr;
  const float* proj_bias_ = nullptr;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_XCA_H_
