#ifndef SERVER_BATCHING_TASK_STATUS_H_
#define SERVER_BATCHING_TASK_STATUS_H_

#include "absl/status/status.h"
#include "model/base/clock.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// Why `task` must not run at `now`: DEADLINE_EXCEEDED or CANCELLED; OK if it may. A task that was cancelled
// at its deadline counts as expired, because transports cancel calls at their deadline themselves.
absl::Status CheckRunnable(const Task& task, MonotonicTime now);

// The statuses, with their reasons, of tasks that do not run.
absl::Status DeadlineExceededStatus();
absl::Status DeadlineOutOfReachStatus();
absl::Status CancelledStatus();
absl::Status DrainingStatus();

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_TASK_STATUS_H_
