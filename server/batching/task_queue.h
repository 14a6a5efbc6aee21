#ifndef SERVER_BATCHING_TASK_QUEUE_H_
#define SERVER_BATCHING_TASK_QUEUE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
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
#include "server/batching/task_order.h"

namespace edgenext::serving {

// The bounded, ordered queue that workers pull their batches from. It stores and wakes; what leaves when is
// the policy's to say. All times are the clock's. Thread-safe; tasks are abandoned with no lock held.
class TaskQueue {
 public:
  struct Options {
    int capacity = 256;  // tasks waiting; those that batches put back may be more
    BatchPolicy::Options policy;
    // Asked, with no lock held, before a task begins: whether it would be answered too late for its deadline.
    // It is abandoned then (DEADLINE_EXCEEDED), and the worker's time left to the next. Null: it never is.
    std::function<bool(MonotonicTime deadline)> is_out_of_reach;
    Clock* clock = &Clock::Real();
  };

  explicit TaskQueue(const Options& options);
  // No worker may be in Take any more. What is still queued is abandoned (UNAVAILABLE).
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Takes ownership of *task if it returns OK, and from then on the task is either handed to the function
  // that runs batches or abandoned, exactly once. On an error *task stays the caller's, untouched:
  // RESOURCE_EXHAUSTED (OVERLOADED) if the queue is full, UNAVAILABLE (DRAINING) after StopAccepting.
  absl::Status Schedule(std::unique_ptr<Task>* task);

  // Blocks the calling worker until the policy gives it a batch. Nothing when the queue is empty for good. A
  // worker takes again when it is done with a batch, which may have put tasks back. Expired tasks, and
  // cancelled ones that it comes across, are abandoned on the way, and the worker helps others that Share.
  absl::optional<Batch> Take();

  // Abandons queued tasks when their deadlines pass, also while all workers are busy. Blocks the calling
  // thread until EndWatch; one thread at a time.
  void WatchDeadlines();
  void EndWatch();

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
  int cut_off_tasks() const { return cut_off_tasks_.load(std::memory_order_relaxed); }

  struct Depth {
    int queued = 0;             // tasks, of both classes
    int bulk = 0;               // of these
    absl::Duration oldest_age;  // zero when nothing is queued
  };
  Depth depth() const;

  struct Sharing {
    int64_t runs = 0;     // of Share that others helped with
    absl::Duration time;  // that the helpers spent, summed over them
  };
  Sharing sharing() const;

 private:
  friend class Batch;
  using Tasks = TaskOrder::Tasks;

  // --- for batches, with no lock held ---
  // Why `task` is to be abandoned: as CheckRunnable, also if its deadline is out of reach, or UNAVAILABLE
  // (DRAINING) after CutOffRest, which counts.
  absl::Status CheckMayBegin(const Task& task);
  // Counts that `task` begins, unless it must give way to another: then false.
  bool Begin(const Task& task);
  // Tasks that did not begin. Also after CutOffRest: whoever takes them then abandons them.
  void PutBack(Tasks tasks);

  // Takes the first call for help; with mu_ held by `lock`, which is released meanwhile.
  void Help(std::unique_lock<std::mutex>& lock);
  // With mu_ held.
  Tasks RemoveUnrunnable(MonotonicTime now);
  QueueSnapshot Snapshot() const;
  // With mu_ held, after tasks with such a deadline were added.
  void WakeWatch(MonotonicTime deadline);

  const int capacity_;
  const BatchPolicy policy_;
  const std::function<bool(MonotonicTime)> is_out_of_reach_;
  Clock* const clock_;

  std::atomic<bool> cut_off_{false};
  std::atomic<int> cut_off_tasks_{0};

  mutable std::mutex mu_;
  std::condition_variable changed_;
  std::condition_variable watch_changed_;
  // Guarded by mu_.
  TaskOrder order_;
  CostTable cost_;
  int idle_workers_ = 0;           // those in Take that do not help
  std::deque<SharedWork*> calls_;  // for help: never more than idle workers, which answer them first
  Sharing sharing_;
  bool draining_ = false;
  MonotonicTime watched_ = MonotonicTime::InfiniteFuture();  // the watch wakes then, or when it is told
  bool watch_ended_ = false;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_TASK_QUEUE_H_
