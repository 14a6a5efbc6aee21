#include "model/edgenext/layer_norm.h"

namespace edgenext {

void LayerNorm::AppendTo(ops::Program& program, const float* source, int rows, float* destination) const {
  constexpr float kEpsilon = 1e-6f;
  const auto channels = static_cast<int>(weights_.weight.values.size());
  const kernels::LayerNormArguments arguments = {
      source,     weights_.weight.values.data(), weights_.bias.values.data(), rows, channels, kEpsilon,
      destination};
  program.AppendLoop(ops::OpKind::kLayerNorm, [run = run_, arguments] { run(arguments); });
}

}  // namespace edgenext
