#ifndef MODEL_EDGENEXT_LAYER_NORM_H_
#define MODEL_EDGENEXT_LAYER_NORM_H_

#include "model/edgenext/weights.h"
#include "model/ops/program.h"

namespace edgenext {

// A LayerNorm over channels (epsilon 1e-6) with its weights. Immutable; outlives the programs it is appended
// to.
class LayerNorm {
 public:
  explicit LayerNorm(const NormWeights& weights) : weights_(weights) {}

  // `source` and `destination` are [rows, channels]; they may be the same.
  void AppendTo(ops::Program& program, const float* source, int rows, float* destination) const;

 private:
  NormWeights weights_;
};

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_LAYER_NORM_H_
