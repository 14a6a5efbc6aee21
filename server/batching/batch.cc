#include "server/batching/batch.h"

#include <utility>

#include "absl/status/status.h"
#include "model/base/error_reason.h"
#include "server/batching/task_status.h"

namespace edgenext::serving {

Batch::Batch(std::vector<std::unique_ptr<Task>> tasks, TakeReason reason, const Clock* clock, CutOff* cut_off)
    : tasks_(std::move(tasks)), reason_(reason), clock_(clock), cut_off_(cut_off) {}

Batch::~Batch() {
  for (; next_ < tasks_.size(); ++next_) {
    tasks_[next_]->Abandon(
        WithReason(absl::InternalError("the batch ended before this image was run"), kReasonExecutionFailed));
  }
}

std::unique_ptr<Task> Batch::Next() {
  while (next_ < tasks_.size()) {
    std::unique_ptr<Task> task = std::move(tasks_[next_++]);
    absl::Status status = CheckRunnable(*task, clock_->Now());
    if (status.ok() && !cut_off_->is_set()) return task;
    if (status.ok()) {
      cut_off_->CountTask();
      status = DrainingStatus();
    }
    task->Abandon(std::move(status));
  }
  return nullptr;
}

}  // namespace edgenext::serving
