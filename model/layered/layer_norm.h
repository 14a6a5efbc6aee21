#ifndef MODEL_LAYERED_LAYER_NORM_H_
#define MODEL_LAYERED_LAYER_NORM_H_

#include "model/edgenext/weights.h"
#include "model/kernels/kernels.h"
#include "model/ops/program.h"

namespace edgenext::layered {

// A LayerNorm over channels (epsilon 1e-6) with its weights. Immutable; outlives the programs it is appended
// to.
class LayerNorm {
 public:
  LayerNorm(const NormWeights& weights, const kernels::KernelTable& kernels)
      : weights_(weights), run_(kernels.linear->layer_norm) {}

  // `source` and `destination` are [rows, channels], and do not overlap.
  void AppendTo(ops::Program& program, const float* source, int rows, float* destination) const;

 private:
  NormWeights weights_;
  void (*run_)(const kernels::LayerNormArguments& arguments);
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_LAYER_NORM_H_
