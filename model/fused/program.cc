#include "model/fused/program.h"

namespace edgenext::fused {

const char* OpKindName(OpKind kind) {
  switch (kind) {
    case OpKind::kGather:
      return "gather";
    case OpKind::kDepthwise:
      return "depthwise";
    case OpKind::kLayerNorm:
      return "layer norm";
    case OpKind::kLinear:
      return "linear";
    case OpKind::kMlp:
      return "mlp";
    case OpKind::kXca:
      return "xca";
    case OpKind::kElementwise:
      return "elementwise";
  }
  return "unknown";
}

void Program::Run(size_t first, size_t last, const BandScratch& scratch) const {
  for (size_t i = first; i < last; ++i) {
    const Step& step = steps_[i];
    for (int band = 0; band < step.bands; ++band) {
      for (const Op& op : step.ops) op.run(band, scratch);
    }
  }
}

}  // namespace edgenext::fused
