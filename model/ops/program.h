#ifndef MODEL_OPS_PROGRAM_H_
#define MODEL_OPS_PROGRAM_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace edgenext::ops {

struct Stream;  // oneDNN's, in primitive.h

// What a step does, for profiles.
enum class OpKind { kConvolution, kDepthwise, kLinear, kLayerNorm, kXca, kElementwise };
inline constexpr int kOpKinds = 6;

const char* OpKindName(OpKind kind);

// The steps that an executor runs for each image, in order, each with its memory bound when it was appended.
// Confined to the thread that created it.
class Program {
 public:
  // Allocates nothing when it is called.
  using Run = std::function<absl::Status()>;

  struct Step {
    OpKind kind;
    Run run;
    double macs;  // multiply-accumulates that it does
  };

  // `scratch` is what all steps share: Packer::scratch_bytes() bytes that outlive the program.
  explicit Program(void* scratch);

  // The first error in making the program, which then runs nothing: INTERNAL if oneDNN failed.
  const absl::Status& status() const { return status_; }
  void Fail(absl::Status error) { status_.Update(std::move(error)); }

  void Append(OpKind kind, Run run, double macs = 0) { steps_.push_back({kind, std::move(run), macs}); }
  // A step that cannot fail.
  void AppendLoop(OpKind kind, std::function<void()> loop, double macs = 0);

  // Runs steps [first, last), stopping at the first error.
  absl::Status RunSteps(size_t first, size_t last) const;
  absl::Status RunAll() const { return RunSteps(0, steps_.size()); }

  size_t size() const { return steps_.size(); }
  const std::vector<Step>& steps() const { return steps_; }
  void* scratch() const { return scratch_; }
  // Only while status() is OK.
  const Stream& stream() const { return *stream_; }

 private:
  void* const scratch_;
  std::shared_ptr<const Stream> stream_;
  absl::Status status_;
  std::vector<Step> steps_;
};

}  // namespace edgenext::ops

#endif  // MODEL_OPS_PROGRAM_H_
