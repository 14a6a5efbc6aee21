#ifndef MODEL_KERNELS_XCA_H_
#define MODEL_KERNELS_XCA_H_

#include <cstddef>

#include "model/kernels/linear.h"

namespace edgenext::kernels {

// Cross-covariance attention (XCA) of one image, Ali et al., "XCiT", section 3.3. For each head h, with Q, K,
// V of shape [head_dim, tokens],
//   q = Q / max(|Q|, 1e-12) by rows (norms over tokens), k likewise
//   A = softmax(q k^T * temperature[h]) by rows, of shape [head_dim, head_dim]
//   out = A V
// in pieces with the matrices A between them: they are made from Q and K, or from what Q and K are linear in,
// by its Gram matrix; and they are applied to V, or folded into the layers before and after V. Which way is
// shorter depends on the shape and on the precision of the layers (ShortestXcaForms). The order of all sums
// depends on the shape alone.
//
// Channel c of all heads is channel c % head_dim of head c / head_dim; channels = heads * head_dim.
struct XcaShape {
  int tokens;    // >= 1
  int heads;     // >= 1
  int head_dim;  // >= 1

  int channels() const;
};

// From row to row of a matrix A.
size_t XcaPaddedDim(int head_dim);

// The matrices A of all heads lie transposed, [heads, head_dim, XcaPaddedDim(head_dim)]: the weight of key j
// for query i of head h is attention[(h * head_dim + j) * XcaPaddedDim(head_dim) + i]; lanes i from head_dim
// on are zero.
size_t XcaAttentionFloats(const XcaShape& shape);

// Makes A of Q and K.
struct XcaScoresArguments {
  XcaShape shape;
  const float* query;        // [tokens, channels], token_stride floats from token to token
  const float* key;          // likewise
  size_t token_stride;       // >= channels
  const float* temperature;  // [heads]
  float* attention;          // XcaAttentionFloats(shape) floats
  float* scratch;            // XcaScoresScratchFloats(shape) floats, contents undefined before and after
};

size_t XcaScoresScratchFloats(const XcaShape& shape);

// Makes A of z, where Q = Wq z + bq and K = Wk z + bk, by the centred Gram matrix: with m the mean of z over
// tokens and G = sum over tokens of (z - m)(z - m)^T,
//   Q K^T = Wq G Wk^T + tokens * (bq + Wq m)(bk + Wk m)^T
// by heads, and the squares of the norms are the diagonals of Wq G Wq^T + ... and Wk G Wk^T + .... They are
// clamped to 1e-24. Centring keeps the digits that a mean which the bias cancels would cost.
struct XcaGramScoresArguments {
  XcaShape shape;
  const float* z;  // [tokens, stride]
  // The weights, [channels, stride]: row c of query_weight is what input channel c gives to each output (Wq
  // transposed), row c of key_weight is what each input channel gives to output c (Wk).
  const float* query_weight;
  const float* key_weight;
  const float* query_bias;  // [stride]
  const float* key_bias;    // [stride]
  size_t stride;  // >= channels, a multiple of 16; in all of the above the lanes from channels on are zero
  const float* temperature;  // [heads]
  float* attention;          // XcaAttentionFloats(shape) floats
  float* scratch;            // XcaGramScoresScratchFloats(shape) floats, contents undefined before and after
};

// Tokens that are centred together at most, in the scratch.
constexpr size_t kCentredTokens = 64;

size_t XcaGramScoresScratchFloats(const XcaShape& shape);

// out = A V. Nothing may overlap.
struct XcaApplyArguments {
  XcaShape shape;
  const float* attention;
  const float* value;   // [tokens, channels], token_stride floats from token to token
  size_t token_stride;  // >= channels
  float* out;           // [tokens, out_stride]; lanes from channels on are set to zero
  size_t out_stride;    // >= channels
};

// Makes the one linear layer that stands for V = Wv z + bv, A V and a projection Wp A V + bp:
//   z -> M z + m,  M = sum over heads of Wp_h A_h Wv_h,  m = Wp A bv + bp
// as the `linear` kernel takes it: weight M in panels of `panel` outputs, [panels, channels, panel], zero
// beyond the outputs, and bias m. shape.tokens has no part in it.
struct XcaFoldArguments {
  XcaShape shape;
  const float* attention;
  const float* value_weight;  // Wv: [channels, stride], row c is what each input channel gives to output c
  const float* value_bias;    // [stride]
  const float*
      proj_weight;         // Wp transposed: [channels, stride], row c is what channel c gives to each output
  const float* proj_bias;  // [stride]
  size_t stride;   // >= channels, a multiple of 16; in all of the above the lanes from channels on are zero
  int panel;       // LinearKernels::panel, a multiple of 16
  float* weight;   // [ceil(channels / panel), channels, panel]
  float* bias;     // [stride]; lanes from channels on are set to zero
  float* scratch;  // XcaFoldScratchFloats(shape) floats, contents undefined before and after
};

size_t XcaFoldScratchFloats(const XcaShape& shape);

struct XcaKernels {
  void (*scores)(const XcaScoresArguments& arguments);
  void (*gram_scores)(const XcaGramScoresArguments& arguments);
  void (*apply)(const XcaApplyArguments& arguments);
  void (*fold)(const XcaFoldArguments& arguments);
};

// Which forms are shorter, by their multiplications with those of the linear layers; those of bfloat16 count
// half. With N tokens, C channels and heads of d: by tokens, scores and values take N (2 C^2 + C d) each, of
// which 2 N C^2 are in the layers' precision; by Gram matrix scores take N C^2 / 2 + 1.5 C^3 + C^2 d, counted
// as 1.75 C^3, since the products run slower than linear layers do (measured); folded values take
// N C^2 + C^3 + C^2 d. Both are float32 throughout.
struct XcaForms {
  bool gram_scores;
  bool folded_values;
};

// `precision` is that of the linear layers.
XcaForms ShortestXcaForms(const XcaShape& shape, Precision precision);

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_XCA_H_
