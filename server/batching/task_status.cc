#include "server/batching/task_status.h"

#include "model/base/error_reason.h"

namespace edgenext::serving {

absl::Status CheckRunnable(const Task& task, MonotonicTime now) {
  if (task.attributes().deadline <= now) return DeadlineExceededStatus();
  if (task.cancelled()) return CancelledStatus();
  return absl::OkStatus();
}

absl::Status DeadlineExceededStatus() {
  return WithReason(absl::DeadlineExceededError("the deadline passed before the image was classified"),
                    kReasonDeadline);
}

absl::Status DeadlineOutOfReachStatus() {
  return WithReason(absl::DeadlineExceededError("the deadline is nearer than the time that an image takes"),
                    kReasonDeadline);
}

absl::Status CancelledStatus() { return absl::CancelledError("the call was cancelled"); }

absl::Status DrainingStatus() {
  return WithReason(absl::UnavailableError("the server is shutting down"), kReasonDraining);
}

}  // namespace edgenext::serving
