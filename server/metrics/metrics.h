#ifndef SERVER_METRICS_METRICS_H_
#define SERVER_METRICS_METRICS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace edgenext::serving {

// The label values that metrics use: fixed sets, so that no client can create a series.
enum class Method {
  kClassify,
  kClassifyStream,
  kServerLive,
  kServerReady,
  kModelReady,
  kServerMetadata,
  kModelMetadata,
  kModelInfer,
  kUnknown
};
enum class Stage { kParse, kDecode, kPreprocess, kQueue, kExecute, kPostprocess, kSend };
enum class BatchTrigger { kIdle, kFull, kTimeout, kDeadline, kDrain };
enum class RejectReason { kOverloaded, kDeadlineUnreachable, kDraining, kModelNotReady };
enum class DeadlineBudget { kShort, kLong };  // below / at least --latency-objective

// What the metrics read at each scrape instead of being told.
struct PipelineGauges {
  int queue_depth = 0;
  absl::Duration queue_oldest_age;
  absl::Duration predicted_wait;  // of an interactive image without a deadline that comes now
  int open_calls = 0, open_calls_limit = 0;
  int inflight_requests = 0, inflight_requests_limit = 0;
  int64_t inflight_bytes = 0, inflight_bytes_limit = 0;
  absl::Duration worker_busy;     // summed over workers, since the start
  int64_t shared_inferences = 0;  // since the start
  // Of the result cache; counts are since the start.
  int64_t cache_hits = 0, cache_misses = 0, cache_shared = 0;
  int64_t cache_bytes = 0, cache_entries = 0;
};

struct ConnectionGauges {
  int open = 0;
  int64_t closed_idle = 0, closed_at_limit = 0;  // since the start
};

// What the kernel's scheduler tells of the process's cgroup; zeros where there is no quota.
struct CpuThrottling {
  int64_t periods = 0;
  int64_t throttled_periods = 0;
  absl::Duration throttled;
};

// Every metric of the server (server/README.md has the table), in one registry of its own. Series are made
// when their labels become known, never by a client's input. All members are thread-safe; the counting ones
// are cheap enough for every request.
class Metrics {
 public:
  // `latency_objective` becomes an edge of the duration histograms, so that the share of requests within it
  // is exact.
  static std::unique_ptr<Metrics> Make(absl::Duration latency_objective = absl::Milliseconds(100));
  virtual ~Metrics() = default;

  // --- said once, at start and load ---
  // What was said before is no longer. `precision` may be "auto" until a model decides.
  virtual void SetBuildInfo(absl::string_view isa, absl::string_view precision, absl::string_view onednn) = 0;
  // Makes the model's series, all at zero. Inferences, costs and the load's duration belong to the latest
  // model.
  virtual void SetModel(absl::string_view model, absl::string_view version, absl::string_view variant,
                        int classes) = 0;
  // One of "loading", "warming", "ready", "draining", "failed".
  virtual void SetModelState(absl::string_view state) = 0;
  virtual void SetModelLoadDuration(absl::Duration duration) = 0;
  // The most memory that the server may take, and the most that it is given.
  virtual void SetMemoryBound(size_t bound_bytes, size_t limit_bytes) = 0;
  // The cost table: how long a batch of `batch_size` images takes.
  virtual void SetExecutionCost(int batch_size, absl::Duration duration) = 0;
  virtual void SetLifecycle(bool ready, bool draining) = 0;
  // Called at each scrape; null takes the source away. The source must not call back.
  virtual void SetPipelineSource(std::function<PipelineGauges()> source) = 0;
  virtual void SetConnectionsSource(std::function<ConnectionGauges()> source) = 0;
  virtual void SetCpuThrottlingSource(std::function<CpuThrottling()> source) = 0;

  // --- counted for every request or image ---
  // A call has been answered. `code` is the canonical gRPC code, 0 to 16; one that this server never gives
  // counts as UNKNOWN. `model` and `version` are what the call resolved to, ignored for methods of the whole
  // server; a model that is not served counts as "_unknown" and its duration is not observed.
  virtual void CountRequest(Method method, absl::string_view model, absl::string_view version, int code,
                            absl::Duration duration) = 0;
  virtual void ObserveStage(Stage stage, absl::Duration duration) = 0;
  virtual void CountRejected(RejectReason reason) = 0;
  // How long a call was looked at that was refused at once, its message unread.
  virtual void ObserveRefusal(absl::Duration duration) = 0;
  virtual void CountCancelled(Stage stage) = 0;
  virtual void CountDeadlineExceeded(DeadlineBudget budget) = 0;
  virtual void ObserveBatch(BatchTrigger trigger, int size) = 0;
  virtual void CountInferences(int images) = 0;
  // CPU time that threads spent on decoding, preprocessing and executing images.
  virtual void AddComputeCpu(absl::Duration time) = 0;
  // Predicted execution time of a request that arrived, refused or not.
  virtual void AddOfferedWork(absl::Duration predicted) = 0;

  // Text format 0.0.4 of https://prometheus.io/docs/instrumenting/exposition_formats/
  virtual std::string Export() = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_METRICS_H_
