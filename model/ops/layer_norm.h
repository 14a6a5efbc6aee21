#ifndef MODEL_OPS_LAYER_NORM_H_
#define MODEL_OPS_LAYER_NORM_H_

namespace edgenext::ops {

// For each row r, with mean m and (biased) variance v of its channels:
//   destination[r][c] = (source[r][c] - m) / sqrt(v + epsilon) * weight[c] + bias[c]
// The variance is that of the centred values, in a second pass, so that an offset common to all channels
// costs no digits. Both arrays are [rows, channels], dense; they may be the same. `weight` and `bias` are
// [channels]. Ba et al., "Layer Normalization".
struct LayerNormArguments {
  const float* source;
  const float* weight;
  const float* bias;
  int rows;
  int channels;
  float epsilon;
  float* destination;
};
void LayerNorm(const LayerNormArguments& arguments);

}  // namespace edgenext::ops

#endif  // MODEL_OPS_LAYER_NORM_H_
