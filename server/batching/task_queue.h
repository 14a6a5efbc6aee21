#ifndef SERVER_BATCHING_TASK_QUEUE_H_
#define SERVER_BATCHING_TASK_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "model/base/thread_team.h"
#include "server/batching/batch.h"
#include "server/batching/batch_policy.h"
#include "server/batching/cost_table.h"
#include "server/batching/shared_work.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// The bounded, ordered queue that workers pull their batches from. It stores and wakes; what leaves when is
// the policy's to say. All times are the clock's. Thread-safe; tasks are abandoned with no lock held.
class TaskQueue {
 public:
  struct Options {
    int capacity = 256;  // tasks waiting
    BatchPolicy::Options policy;
    Clock* clock = &Clock::Real();
  };

  explicit TaskQueue(const Options& options);
  // No worker may be in Take any more. What is still queued is abandoned (UNAVAILABLE).
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Takes ownership of *task if it returns OK, and from then on the task is either handed to the function
  // that runs batches or abandoned, exactly once. On an error *task stays the caller's, untouched:
  // RESOURCE_EXHAUSTED (OVERLOADED) if the queue is full of tasks that may still run, UNAVAILABLE (DRAINING)
  // after StopAccepting.
  absl::Status Schedule(std::unique_ptr<Task>* task);

  // Blocks the calling worker until the policy gives it a batch; its tasks have been told OnTaken. Nothing
  // when the queue is empty for good. Expired and cancelled tasks are abandoned on the way, and the worker
  // helps others that Share.
  absl::optional<Batch> Take();

  // Runs `work` as ThreadTeam::Run does, on the calling worker's thread and on those of workers in Take. None
  // of them helps while a task is queued: a task that is scheduled later waits for the end of `work` at most.
  void Share(int most_threads, ThreadTeam::Work work);

  // How long executions take, for the policy.
  void SetCostTable(CostTable cost);

  // Schedule refuses from now on; workers finish what is queued, without waiting for full batches.
  void StopAccepting();
  // As StopAccepting, and abandons (UNAVAILABLE) what is queued and what batches have not handed out yet.
  void CutOffRest();
  // How many tasks CutOffRest has ended so far.
  int cut_off_tasks() const { return cut_off_.tasks(); }

  struct Depth {
    int queued = 0;
    absl::Duration oldest_age;  // zero when nothing is queued
  };
  Depth depth() const;

  struct Sharing {
    int64_t runs = 0;     // of Share that others helped with
    absl::Duration time;  // that the helpers spent, summed over them
  };
  Sharing sharing() const;

 private:
  using Tasks = std::vector<std::unique_ptr<Task>>;

  // All with mu_ held. Looking at every task is linear in the capacity, microseconds once an execution.
  Tasks RemoveUnrunnable(MonotonicTime now);
  Tasks RemoveFirst(int count);
  QueueSnapshot Snapshot() const;
  // Takes the first call for help; `lock` is released meanwhile.
  void Help(std::unique_lock<std::mutex>& lock);
  MonotonicTime OldestScheduledAt() const;

  const int capacity_;
  const BatchPolicy policy_;
  Clock* const clock_;
  CutOff cut_off_;

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_.
  std::map<OrderKey, std::unique_ptr<Task>> tasks_;
  CostTable cost_;
  uint64_t arrivals_ = 0;
  int idle_workers_ = 0;           // those in Take that do not help
  std::deque<SharedWork*> calls_;  // for help: never more than idle workers, which answer them first
  Sharing sharing_;
  bool draining_ = false;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_TASK_QUEUE_H_
