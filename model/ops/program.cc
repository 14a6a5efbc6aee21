#include "model/ops/program.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/ops/primitive.h"
#include "model/ops/process.h"

namespace edgenext::ops {

const char* OpKindName(OpKind kind) {
  switch (kind) {
    case OpKind::kConvolution:
      return "convolution";
    case OpKind::kDepthwise:
      return "depthwise";
    case OpKind::kLinear:
      return "linear";
    case OpKind::kLayerNorm:
      return "layer norm";
    case OpKind::kXca:
      return "xca";
    case OpKind::kElementwise:
      return "elementwise";
  }
  return "unknown";
}

Program::Program(void* scratch) : scratch_(scratch) {
  ConfineThreads();
  Fail(CatchOneDnn("a stream", [this] {
    stream_ = std::make_shared<const Stream>();
    return absl::OkStatus();
  }));
}

void Program::AppendLoop(OpKind kind, std::function<void()> loop, double macs) {
  const Run run = [loop = std::move(loop)] {
    loop();
    return absl::OkStatus();
  };
  Append(kind, run, macs);
}

absl::Status Program::RunSteps(size_t first, size_t last) const {
  EDGENEXT_RETURN_IF_ERROR(status_);
  for (size_t i = first; i < last; ++i) EDGENEXT_RETURN_IF_ERROR(steps_[i].run());
  return absl::OkStatus();
}

}  // namespace edgenext::ops
