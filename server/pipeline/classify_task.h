#ifndef SERVER_PIPELINE_CLASSIFY_TASK_H_
#define SERVER_PIPELINE_CLASSIFY_TASK_H_

#include <atomic>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/task.h"
#include "server/metrics/metrics.h"
#include "server/pipeline/admission_controller.h"
#include "server/pipeline/classify_pipeline.h"

namespace edgenext::serving {

// What all tasks of a pipeline report to. Constant; what it points to outlives them.
struct TaskObserver {
  Metrics* metrics;
  Clock* clock;
  absl::Duration latency_objective;  // deadlines shorter than this are short budgets
  AdmissionController* admission;
};

// One image of a call: carries it through the queue to a worker, and calls its `done` exactly once, come what
// may.
class ClassifyTask final : public Task {
 public:
  using Done = std::function<void(absl::StatusOr<ImageResult>)>;

  ClassifyTask(ImageRequest request, Admission admission, const TaskObserver* observer);
  // A task that was never finished ends with INTERNAL.
  ~ClassifyTask() override;

  const ImageInput& image() const { return image_; }
  const OutputSpec& outputs() const { return outputs_; }
  absl::Duration queue_duration() const { return queue_duration_; }
  // Whether a worker has begun with it. Thread-safe.
  bool begun() const { return begun_; }

  // --- before it is scheduled ---
  // Has its result, with all logits, go to `interceptor` instead, which calls the task's own `done`.
  void Intercept(std::function<void(absl::StatusOr<ImageResult>, const Done& done)> interceptor);
  // Moves its place out, which is given back when that is destroyed; takes it again, if it was moved out.
  Admission MovePlace();
  void RegainPlace();

  void OnBegin() override;
  void Abandon(absl::Status why) override { Finish(std::move(why), Stage::kQueue); }

  // Ends the task: counts it, calls `done`, then gives back what admission holds. `stage` is where a
  // cancelled or expired one ended. RESOURCE_EXHAUSTED is told with the retry delay of a full queue. Once.
  void Finish(absl::StatusOr<ImageResult> result, Stage stage);

 private:
  void ObserveQueue();
  void Count(const absl::Status& status, Stage stage) const;

  // Constant after construction.
  const ImageInput image_;
  const TaskObserver* const observer_;
  const MonotonicTime created_at_;

  OutputSpec outputs_;
  Done done_;  // null after it was called
  Admission admission_;
  absl::Duration queue_duration_;
  std::atomic<bool> begun_{false};
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_CLASSIFY_TASK_H_
