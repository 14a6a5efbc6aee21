#ifndef SERVER_BATCHING_TASK_ORDER_H_
#define SERVER_BATCHING_TASK_ORDER_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "model/base/clock.h"
#include "server/batching/batch_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// Tasks in the order in which a policy lets them leave. It has neither lock nor clock, so that a simulator
// can use it as well as a queue. Members cost O(log n) for each task that they add or remove, and
// TakeCancelled for each that it looks at; the others O(log n). Thread-compatible.
class TaskOrder {
 public:
  using Tasks = std::vector<std::unique_ptr<Task>>;

  explicit TaskOrder(const BatchPolicy* policy) : policy_(policy) {}

  // Adds a task that comes at `now`, behind its equals.
  void Add(std::unique_ptr<Task> task, MonotonicTime now);
  // Adds a task again that TakeNext gave out and that has not begun, to its old place.
  void PutBack(std::unique_ptr<Task> task);

  // Removes the next `count` tasks, of size() at most, in the order in which they shall begin.
  Tasks TakeNext(int count, MonotonicTime now);
  // Tells that a task begins, on which the turns of the classes depend.
  void CountBegun(TaskClass task_class);

  // Removes the tasks whose deadline is not after `now`.
  Tasks TakeExpired(MonotonicTime now);
  // Looks at `count` tasks, in rounds through all of them from one call to the next, and removes those of
  // them that are cancelled.
  Tasks TakeCancelled(int count);
  Tasks TakeAll();

  int size() const { return static_cast<int>(tasks_.size()); }
  int bulk() const { return static_cast<int>(waiting(TaskClass::kBulk).size()); }  // of these
  MonotonicTime earliest_deadline() const;
  // When the longest waiting task was scheduled.
  MonotonicTime oldest() const;
  // What the policy sees; `idle_workers`, `cost` and `draining` are the caller's to say.
  QueueSnapshot Snapshot() const;

 private:
  using Ordered = std::map<OrderKey, std::unique_ptr<Task>>;
  using Waiting = std::map<uint64_t, MonotonicTime>;  // from a task's arrival to when it was scheduled

  const Waiting& waiting(TaskClass task_class) const { return waiting_[static_cast<size_t>(task_class)]; }
  OrderKey KeyOf(const Task& task) const;
  Ordered::iterator First(TaskClass task_class);
  std::unique_ptr<Task> Remove(Ordered::iterator task);

  const BatchPolicy* const policy_;
  Ordered tasks_;
  std::array<Waiting, 2> waiting_;                                    // of each class
  std::map<std::pair<MonotonicTime, uint64_t>, OrderKey> deadlines_;  // by deadline and arrival
  uint64_t arrivals_ = 0;
  int64_t interactive_since_bulk_ = 0;
  OrderKey looked_at_{};  // by TakeCancelled last
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_TASK_ORDER_H_
