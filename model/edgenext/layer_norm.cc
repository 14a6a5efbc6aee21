#include "model/edgenext/layer_norm.h"

#include "model/ops/layer_norm.h"

namespace edgenext {

void LayerNorm::AppendTo(ops::Program& program, const float* source, int rows, float* destination) const {
  const ops::LayerNormArguments arguments = {source,
                                             weights_.weight.values.data(),
                                             weights_.bias.values.data(),
                                             rows,
                                             static_cast<int>(weights_.weight.values.size()),
                                             1e-6f,
                                             destination};
  program.AppendLoop(ops::OpKind::kLayerNorm, [arguments] { ops::LayerNorm(arguments); });
}

}  // namespace edgenext
