#include "model/layered/layer_norm.h"

namespace edgenext::layered {

void LayerNorm::AppendTo(ops::Program& program, const float* source, int rows, float* destination) const {
  constexpr float kEpsilon = 1e-6f;
  const auto channels = static_cast<int>(weights_.weight.values.size());
  const auto stride = static_cast<size_t>(channels);
  const kernels::LayerNormArguments arguments = {source,
                                                 stride,
                                                 rows,
                                                 channels,
                                                 kEpsilon,
                                                 weights_.weight.values.data(),
                                                 weights_.bias.values.data(),
                                                 destination,
                                                 stride,
                                                 channels};
  program.AppendLoop(ops::OpKind::kLayerNorm, [run = run_, arguments] { run(arguments); });
}

}  // namespace edgenext::layered
