#include "server/batching/batch.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "model/base/error_reason.h"
#include "server/batching/task_queue.h"

namespace edgenext::serving {

Batch::Batch(std::vector<std::unique_ptr<Task>> tasks, TakeReason reason, bool waited, TaskQueue* queue)
    : tasks_(std::move(tasks)),
      size_(static_cast<int>(tasks_.size())),
      reason_(reason),
      waited_(waited),
      queue_(queue) {
  std::reverse(tasks_.begin(), tasks_.end());
}

Batch::~Batch() {
  for (; !tasks_.empty(); tasks_.pop_back()) {
    tasks_.back()->Abandon(
        WithReason(absl::InternalError("the batch ended before this image was run"), kReasonExecutionFailed));
  }
}

std::unique_ptr<Task> Batch::Next() {
  while (!tasks_.empty()) {
    if (absl::Status status = queue_->CheckMayBegin(*tasks_.back()); !status.ok()) {
      tasks_.back()->Abandon(std::move(status));
      tasks_.pop_back();
    } else if (queue_->Begin(*tasks_.back())) {
      std::unique_ptr<Task> task = std::move(tasks_.back());
      tasks_.pop_back();
      task->OnBegin();
      return task;
    } else {
      queue_->PutBack(std::exchange(tasks_, {}));
    }
  }
  return nullptr;
}

}  // namespace edgenext::serving
