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

void Program::Run(size_t first, size_t last, ThreadTeam& team, const std::vector<BandScratch>& scratch) {
  team.Run(static_cast<int>(scratch.size()), [&](int thread, int threads) {
    const BandScratch& own = scratch[static_cast<size_t>(thread)];
    for (size_t i = first; i < last; ++i) {
      if (i > first) barrier_.Await(threads);
      const Step& step = steps_[i];
      step.ForEachBand(thread, threads, [&](Band band) {
        for (const Op& op : step.ops) op.run(band, own);
      });
    }
  });
}

}  // namespace edgenext::fused
