#ifndef MODEL_EDGENEXT_PARAMETERS_H_
#define MODEL_EDGENEXT_PARAMETERS_H_

#include <vector>

#include "model/edgenext/weights.h"

namespace edgenext {

// A tensor of the checkpoint and its place in the weights.
struct Parameter {
  TensorSpec spec;
  Tensor* tensor;
};

// Gives `weights` the form of `config`, every tensor empty, and lists all of its tensors in the checkpoint's
// order. The pointers stay valid while `weights` is neither moved nor changed in form. This is the one place
// that knows which tensors a variant has, how they are named and how they are shaped.
std::vector<Parameter> MakeParameters(const EdgeNextConfig& config, EdgeNextWeights& weights);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_PARAMETERS_H_
