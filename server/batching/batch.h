#ifndef SERVER_BATCHING_BATCH_H_
#define SERVER_BATCHING_BATCH_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "model/base/clock.h"
#include "server/batching/batch_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// The end of a drain, shared by a queue and the batches it gave out: once set, no further task runs.
// Thread-safe.
class CutOff {
 public:
  void Set() { set_.store(true, std::memory_order_release); }
  bool is_set() const { return set_.load(std::memory_order_acquire); }

  void CountTask() { tasks_.fetch_add(1, std::memory_order_relaxed); }
  // How many accepted tasks ended without having run because of it.
  int tasks() const { return tasks_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> set_{false};
  std::atomic<int> tasks_{0};
};

// Tasks taken together by one worker, in the order in which they run. Owns those that it has not handed out
// yet; they are abandoned (INTERNAL) if it is destroyed before, so that no task is ever lost. Movable.
// Confined to its worker's thread; must not outlive its queue.
class Batch {
 public:
  Batch(std::vector<std::unique_ptr<Task>> tasks, TakeReason reason, const Clock* clock, CutOff* cut_off);
  ~Batch();
  Batch(Batch&& other) noexcept = default;
  Batch& operator=(Batch&& other) = delete;

  // The next task that should run, or null when there is none left. Looks at each task only now, so that one
  // image is all that a cancellation or a deadline can be late: tasks whose deadline has passed, that were
  // cancelled, or that came under the cut-off are abandoned and skipped.
  std::unique_ptr<Task> Next();

  // How many tasks were taken, whatever became of them.
  int size() const { return static_cast<int>(tasks_.size()); }
  TakeReason reason() const { return reason_; }

 private:
  std::vector<std::unique_ptr<Task>> tasks_;
  size_t next_ = 0;
  TakeReason reason_;
  const Clock* clock_;
  CutOff* cut_off_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_BATCH_H_
