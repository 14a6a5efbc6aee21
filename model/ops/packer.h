#ifndef MODEL_OPS_PACKER_H_
#define MODEL_OPS_PACKER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "model/base/packed_memory.h"
#include "model/kernels/isa.h"

namespace edgenext::ops {

// Passed to every op while a network is made: where weights are packed to, and what the ops will need when
// they run. Thread-compatible; not needed any more once the ops are made.
class Packer {
 public:
  // Ops run with oneDNN's best implementations under the process's cap; `isa` says whether reference
  // implementations are acceptable (kScalar only).
  explicit Packer(kernels::Isa isa);

  // Ops keep a reference.
  const std::shared_ptr<PackedMemory>& memory() const { return memory_; }

  // Judges the implementation that oneDNN chose for an op: INTERNAL for a reference implementation, which may
  // be a thousand times slower, unless scalar code was asked for.
  absl::Status CheckImplementation(absl::string_view op, absl::string_view implementation);
  // "linear 4096x48x192: brgemm:avx512_core", one for each op that was made.
  const std::vector<std::string>& implementations() const { return implementations_; }

  // The largest scratchpad that any op needs while it runs. An executor's ops share one.
  size_t scratch_bytes() const { return scratch_bytes_; }
  void NeedScratch(size_t size_bytes);

 private:
  const kernels::Isa isa_;
  std::shared_ptr<PackedMemory> memory_ = std::make_shared<PackedMemory>();
  std::vector<std::string> implementations_;
  size_t scratch_bytes_ = 0;
};

}  // namespace edgenext::ops

#endif  // MODEL_OPS_PACKER_H_
