#ifndef MODEL_EDGENEXT_NETWORK_H_
#define MODEL_EDGENEXT_NETWORK_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/edgenext/macs.h"
#include "model/edgenext/weights.h"
#include "model/executor/executor.h"
#include "model/kernels/isa.h"
#include "model/kernels/linear.h"

namespace edgenext {

// What the height and the width of images may be.
inline constexpr int kInputSideStep = 32;
inline constexpr int kMinInputSide = 64;
inline constexpr int kMaxInputSide = 512;
bool IsInputSide(int64_t pixels);

// How a network runs.
enum class Execution {
  kFused,    // by our own kernels, several layers at a time on rows that stay in the caches
  kLayered,  // by oneDNN, layer by layer: what the other is held against, in float32 only
};

struct NetworkOptions {
  // Of the images: each an input side.
  int height = 256;
  int width = 256;
  // 8-bit RGB value v of channel c becomes (v / 255 - mean[c]) / std[c].
  std::array<float, 3> mean = {0.485f, 0.456f, 0.406f};
  std::array<float, 3> std = {0.229f, 0.224f, 0.225f};
  // Picks our kernel table. oneDNN's own cap is set for the whole process by ops::CapIsa before the first
  // network.
  kernels::Isa isa = kernels::BestIsa();
  Execution execution = Execution::kFused;
  // What linear layers multiply in. Sums, statistics, attention and the residual stream are always float32.
  kernels::Precision precision = kernels::Precision::kF32;
};

inline constexpr int kMaxExecutorThreads = 64;

struct ExecutorOptions {
  // That may share one image, from 1 to kMaxExecutorThreads: each needs memory of its own. Layer by layer,
  // only 1.
  int threads = 1;
};

// The activations that tests compare beside the logits.
struct ActivationTrace {
  std::array<Tensor, kStages> stages;  // [dims[i], height_i, width_i]
  Tensor features;                     // [dims[3]]: what the head's linear layer reads
};

// What a kind of operation takes in one image, and what it does: its part of NominalMacs.
struct OpTime {
  std::string kind;  // "linear"
  absl::Duration time;
  Macs macs;
};

// An EdgeNeXt graph with its weights packed once, for one image size and one instruction set. Immutable and
// thread-safe; shared by the executors of all workers.
class Network : public std::enable_shared_from_this<Network> {
 public:
  virtual ~Network() = default;

  // An executor for the calling thread. It keeps the network alive. INVALID_ARGUMENT for a number of threads
  // out of range.
  virtual absl::StatusOr<std::unique_ptr<Executor>> MakeExecutor(const ExecutorOptions& options) const = 0;
  absl::StatusOr<std::unique_ptr<Executor>> MakeExecutor() const { return MakeExecutor(ExecutorOptions()); }

  // As Executor::Execute for one image, recording activations; allocates.
  virtual absl::Status Trace(const NetworkInput& input, absl::Span<float> logits,
                             ActivationTrace* trace) const = 0;

  // Where the time of one image goes: for each kind the least of `repetitions`, after one that is not
  // counted. Allocates.
  virtual absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& input, int repetitions) const = 0;

  virtual const EdgeNextConfig& config() const = 0;
  virtual const NetworkOptions& options() const = 0;
  // Packed weights of the network, and the arena of one executor with one thread.
  virtual size_t weights_bytes() const = 0;
  virtual size_t arena_bytes() const = 0;
};

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_NETWORK_H_
