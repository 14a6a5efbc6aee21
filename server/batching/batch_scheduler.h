#ifndef SERVER_BATCHING_BATCH_SCHEDULER_H_
#define SERVER_BATCHING_BATCH_SCHEDULER_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "model/base/thread_team.h"
#include "server/batching/batch.h"
#include "server/batching/cost_table.h"
#include "server/batching/task_queue.h"

namespace edgenext::serving {

// Runs one batch: takes its tasks with Next() until there is none, and finishes each. Called, and destroyed,
// on the worker's thread, so it may own what is confined to that thread.
using BatchFunction = absl::AnyInvocable<void(Batch)>;

// Makes the function of worker `index`, on that worker's own thread. Called by all workers at once.
using WorkerFactory = std::function<absl::StatusOr<BatchFunction>(int index)>;

// The workers, which pull batches from one queue and run them. It knows nothing of what a task is.
// Thread-safe.
class BatchScheduler {
 public:
  struct Options {
    int workers = 1;
    std::string name = "worker";   // of the threads: name-0, name-1, …
    std::vector<int> pin_to_cpus;  // worker i is pinned to pin_to_cpus[i]; empty pins none
    int nice = 0;                  // added to the workers' niceness
    // Asked by a worker before each batch: it takes none before that time. Null: at once.
    std::function<MonotonicTime()> next_batch_at;
    TaskQueue::Options queue;  // its clock is the scheduler's too
  };

  explicit BatchScheduler(const Options& options);
  // As Stop(now).
  ~BatchScheduler();
  BatchScheduler(const BatchScheduler&) = delete;
  BatchScheduler& operator=(const BatchScheduler&) = delete;

  // Starts the workers, and the thread that abandons queued tasks at their deadlines, and returns when each
  // worker has made its function. Once only. The first worker that cannot be pinned or whose factory fails
  // ends all of them, and its error is returned.
  absl::Status Start(WorkerFactory factory);

  // TaskQueue::Schedule: takes ownership of *task if it returns OK. Tasks may be scheduled before Start and
  // wait. Never blocks.
  absl::Status Schedule(std::unique_ptr<Task>* task) { return queue_.Schedule(task); }
  void SetCostTable(CostTable cost) { queue_.SetCostTable(std::move(cost)); }

  // Refuses new tasks, waits until the accepted ones are done or `deadline`; then abandons (UNAVAILABLE)
  // those that have not begun and waits for those that have. The workers are gone when it returns. Returns
  // how many accepted tasks were cut off. May be called again, also while another call waits: the earliest
  // deadline holds. Not from a worker.
  int Stop(MonotonicTime deadline);

  // The worker that calls Run and those that are idle (TaskQueue::Share). Thread-safe.
  ThreadTeam& team() { return team_; }

  TaskQueue::Depth depth() const { return queue_.depth(); }
  TaskQueue::Sharing sharing() const { return queue_.sharing(); }
  // Time that workers have spent in batches, those that run now included, and on what others shared with
  // them, summed over workers.
  absl::Duration busy() const;

 private:
  struct Worker {
    std::thread thread;
    // Guarded by mu_.
    absl::Duration busy = absl::ZeroDuration();
    absl::optional<MonotonicTime> batch_began;
  };

  class Team final : public ThreadTeam {
   public:
    explicit Team(TaskQueue* queue) : queue_(queue) {}
    void Run(int most_threads, Work work) override { queue_->Share(most_threads, work); }

   private:
    TaskQueue* const queue_;
  };

  void SpawnThreads(const WorkerFactory& factory);  // with mu_ held
  absl::StatusOr<BatchFunction> MakeFunction(int index, const WorkerFactory& factory) const;
  // What worker `index` does from its first instruction to its last.
  void RunWorker(int index, const WorkerFactory& factory);
  // Whether all workers have made their functions, so that this one shall take batches.
  bool AwaitOtherWorkers(absl::Status status);
  // Waits until the calling worker may take a batch.
  void Pause();
  void Join();

  const Options options_;
  Clock* const clock_;
  TaskQueue queue_;
  Team team_{&queue_};

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_.
  std::vector<Worker> workers_;  // filled by Start
  int starting_ = 0;             // workers whose function is not made yet
  int running_ = 0;              // workers that have not left RunWorker
  absl::Status start_status_;    // the first error of a worker
  MonotonicTime stop_deadline_ = MonotonicTime::InfiniteFuture();

  std::thread watch_;  // of the tasks' deadlines

  std::mutex join_mu_;  // held while threads are joined; taken before mu_
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_BATCH_SCHEDULER_H_
