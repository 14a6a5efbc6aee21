#ifndef MODEL_EXECUTOR_EXECUTOR_H_
#define MODEL_EXECUTOR_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/thread_team.h"

namespace edgenext {

// One image as the network reads it: exactly one of the two pointers is set. The pixels stay the caller's and
// are read during Execute only.
struct NetworkInput {
  // [height, width, 3] 8-bit RGB, dense: normalised by the model's mean and std while it is read.
  const uint8_t* rgb = nullptr;
  // [3, height, width] float32 RGB, dense, already normalised.
  const float* normalised = nullptr;
};

// Runs a network over batches of images. Confined to the thread that created it: it owns that thread's arena
// and streams, while the packed weights are shared by all executors of a network.
class Executor {
 public:
  virtual ~Executor() = default;

  // Writes the logits of batch[i] to logits[i * classes()…]. `logits` holds batch.size() * classes() floats.
  // Each image is shared by threads of `team`, by as many as the executor has memory for; the results are the
  // same to the bit. Allocates nothing. INTERNAL if a primitive fails.
  virtual absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                               ThreadTeam& team) = 0;
  // On the calling thread alone.
  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits) {
    CallingThread alone;
    return Execute(batch, logits, alone);
  }

  virtual int height() const = 0;
  virtual int width() const = 0;
  virtual int classes() const = 0;
};

// Makes an executor for the thread it is called on. Thread-safe.
using ExecutorFactory = std::function<absl::StatusOr<std::unique_ptr<Executor>>()>;

}  // namespace edgenext

#endif  // MODEL_EXECUTOR_EXECUTOR_H_
