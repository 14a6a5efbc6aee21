#include "server/batching/task_order.h"

#include <algorithm>

namespace edgenext::serving {
namespace {

MonotonicTime OldestOf(const std::map<uint64_t, MonotonicTime>& waiting) {
  return waiting.empty() ? MonotonicTime::InfiniteFuture() : waiting.begin()->second;
}

}  // namespace

void TaskOrder::Add(std::unique_ptr<Task> task, MonotonicTime now) {
  task->scheduled_at = now;
  task->arrival = arrivals_++;
  PutBack(std::move(task));
}

void TaskOrder::PutBack(std::unique_ptr<Task> task) {
  const OrderKey key = KeyOf(*task);
  const TaskAttributes& attributes = task->attributes();
  waiting_[static_cast<size_t>(attributes.task_class)].emplace(task->arrival, task->scheduled_at);
  if (attributes.deadline != MonotonicTime::InfiniteFuture()) {
    deadlines_.emplace(std::make_pair(attributes.deadline, task->arrival), key);
  }
  tasks_.emplace(key, std::move(task));
}

TaskOrder::Tasks TaskOrder::TakeNext(int count, MonotonicTime now) {
  Tasks taken;
  taken.reserve(static_cast<size_t>(count));
  // They begin one after the other, as if nothing else did.
  int64_t interactive_since_bulk = interactive_since_bulk_;
  while (count-- > 0) {
    QueueSnapshot snapshot = Snapshot();
    snapshot.interactive_since_bulk = interactive_since_bulk;
    const TaskClass next = policy_->NextClass(snapshot, now);
    interactive_since_bulk = next == TaskClass::kBulk ? 0 : interactive_since_bulk + 1;
    taken.push_back(Remove(First(next)));
  }
  return taken;
}

void TaskOrder::CountBegun(TaskClass task_class) {
  if (task_class == TaskClass::kBulk) {
    interactive_since_bulk_ = 0;
  } else {
    ++interactive_since_bulk_;
  }
}

TaskOrder::Tasks TaskOrder::TakeExpired(MonotonicTime now) {
  Tasks expired;
  while (!deadlines_.empty() && deadlines_.begin()->first.first <= now) {
    expired.push_back(Remove(tasks_.find(deadlines_.begin()->second)));
  }
  return expired;
}

TaskOrder::Tasks TaskOrder::TakeCancelled(int count) {
  Tasks cancelled;
  auto task = tasks_.upper_bound(looked_at_);
  for (count = std::min(count, size()); count > 0; --count) {
    if (task == tasks_.end()) task = tasks_.begin();
    looked_at_ = task->first;
    const auto this_one = task++;
    if (this_one->second->cancelled()) cancelled.push_back(Remove(this_one));
  }
  return cancelled;
}

TaskOrder::Tasks TaskOrder::TakeAll() {
  Tasks all;
  while (!tasks_.empty()) all.push_back(Remove(tasks_.begin()));
  return all;
}

MonotonicTime TaskOrder::earliest_deadline() const {
  return deadlines_.empty() ? MonotonicTime::InfiniteFuture() : deadlines_.begin()->first.first;
}

MonotonicTime TaskOrder::oldest() const { return std::min(OldestOf(waiting_[0]), OldestOf(waiting_[1])); }

QueueSnapshot TaskOrder::Snapshot() const {
  QueueSnapshot snapshot;
  snapshot.queued = size();
  snapshot.bulk = bulk();
  snapshot.oldest = oldest();
  snapshot.oldest_bulk = OldestOf(waiting(TaskClass::kBulk));
  snapshot.earliest_deadline = earliest_deadline();
  snapshot.interactive_since_bulk = interactive_since_bulk_;
  return snapshot;
}

OrderKey TaskOrder::KeyOf(const Task& task) const {
  return policy_->Key(task.attributes(), task.scheduled_at, task.arrival);
}

// The first of its class is the first that is not before the least key of that class.
TaskOrder::Ordered::iterator TaskOrder::First(TaskClass task_class) {
  TaskAttributes least;
  least.task_class = task_class;
  least.deadline = MonotonicTime();
  return tasks_.lower_bound(policy_->Key(least, MonotonicTime(), 0));
}

std::unique_ptr<Task> TaskOrder::Remove(Ordered::iterator task) {
  const TaskAttributes& attributes = task->second->attributes();
  waiting_[static_cast<size_t>(attributes.task_class)].erase(task->second->arrival);
  deadlines_.erase({attributes.deadline, task->second->arrival});
  std::unique_ptr<Task> removed = std::move(task->second);
  tasks_.erase(task);
  return removed;
}

}  // namespace edgenext::serving
