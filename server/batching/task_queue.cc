#include "server/batching/task_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "server/batching/task_status.h"

namespace edgenext::serving {
namespace {

// How many tasks a Take looks at for cancelled ones: it costs about a microsecond, and a queue of the default
// capacity is through within eight executions.
constexpr int kLookAtATime = 32;

void AbandonUnrunnable(TaskOrder::Tasks tasks, MonotonicTime now) {
  for (std::unique_ptr<Task>& task : tasks) task->Abandon(CheckRunnable(*task, now));
}

void Append(TaskOrder::Tasks more, TaskOrder::Tasks& tasks) {
  std::move(more.begin(), more.end(), std::back_inserter(tasks));
}

}  // namespace

TaskQueue::TaskQueue(const Options& options)
    : capacity_(options.capacity),
      policy_(options.policy),
      is_out_of_reach_(options.is_out_of_reach),
      clock_(options.clock),
      order_(&policy_) {}

TaskQueue::~TaskQueue() { CutOffRest(); }

absl::Status TaskQueue::Schedule(std::unique_ptr<Task>* task) {
  absl::Status status;
  Tasks unrunnable;
  MonotonicTime now;
  {
    std::unique_lock<std::mutex> lock(mu_);
    if (draining_) return DrainingStatus();
    now = clock_->Now();
    if (order_.size() >= capacity_) unrunnable = RemoveUnrunnable(now);
    if (order_.size() < capacity_) {
      const MonotonicTime deadline = (*task)->attributes().deadline;
      order_.Add(std::move(*task), now);
      changed_.notify_one();
      WakeWatch(deadline);
    } else {
      status = WithReason(
          absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", capacity_, " images are waiting")),
          kReasonOverloaded);
    }
  }
  AbandonUnrunnable(std::move(unrunnable), now);
  return status;
}

absl::optional<Batch> TaskQueue::Take() {
  std::unique_lock<std::mutex> lock(mu_);
  ++idle_workers_;
  bool waited = false;
  while (true) {
    if (!calls_.empty()) {
      Help(lock);
      waited = true;
      continue;
    }
    const MonotonicTime now = clock_->Now();
    if (Tasks unrunnable = RemoveUnrunnable(now); !unrunnable.empty()) {
      lock.unlock();
      AbandonUnrunnable(std::move(unrunnable), now);
      lock.lock();
      continue;
    }
    const BatchDecision decision = policy_.Decide(Snapshot(), now);
    switch (decision.kind) {
      case BatchDecision::Kind::kWait:
        clock_->WaitUntil(changed_, lock, decision.wake_at);
        waited = true;
        break;
      case BatchDecision::Kind::kStop:
        --idle_workers_;
        return absl::nullopt;
      case BatchDecision::Kind::kTake: {
        Tasks taken = order_.TakeNext(decision.count, now);
        --idle_workers_;
        // Whoever leaves tasks behind wakes another, so that no task depends on who was told of it.
        if (order_.size() > 0) changed_.notify_one();
        return Batch(std::move(taken), decision.why, waited, this);
      }
    }
  }
}

void TaskQueue::WatchDeadlines() {
  std::unique_lock<std::mutex> lock(mu_);
  while (!watch_ended_) {
    const MonotonicTime now = clock_->Now();
    if (Tasks expired = order_.TakeExpired(now); !expired.empty()) {
      lock.unlock();
      AbandonUnrunnable(std::move(expired), now);
      lock.lock();
      continue;
    }
    watched_ = order_.earliest_deadline();
    if (watched_ == MonotonicTime::InfiniteFuture()) {
      watch_changed_.wait(lock);
    } else {
      clock_->WaitUntil(watch_changed_, lock, watched_);
    }
  }
}

void TaskQueue::EndWatch() {
  std::lock_guard<std::mutex> lock(mu_);
  watch_ended_ = true;
  watch_changed_.notify_all();
}

void TaskQueue::Share(int most_threads, ThreadTeam::Work work) {
  std::unique_lock<std::mutex> lock(mu_);
  const int free = order_.size() == 0 ? idle_workers_ - static_cast<int>(calls_.size()) : 0;
  const int helpers = std::min(most_threads - 1, free);
  SharedWork shared(work, helpers + 1);
  for (int i = 0; i < helpers; ++i) {
    calls_.push_back(&shared);
    changed_.notify_one();
  }
  if (helpers > 0) ++sharing_.runs;
  lock.unlock();
  shared.Run();
}

void TaskQueue::Help(std::unique_lock<std::mutex>& lock) {
  SharedWork* const shared = calls_.front();
  calls_.pop_front();
  --idle_workers_;
  lock.unlock();
  const MonotonicTime began = clock_->Now();
  shared->Help();
  const absl::Duration time = clock_->Now() - began;
  lock.lock();
  ++idle_workers_;
  sharing_.time += std::max(time, absl::ZeroDuration());
}

void TaskQueue::SetCostTable(CostTable cost) {
  std::lock_guard<std::mutex> lock(mu_);
  cost_ = std::move(cost);
}

void TaskQueue::StopAccepting() {
  std::lock_guard<std::mutex> lock(mu_);
  draining_ = true;
  changed_.notify_all();
}

void TaskQueue::CutOffRest() {
  StopAccepting();
  cut_off_.store(true, std::memory_order_release);
  Tasks rest;
  {
    std::lock_guard<std::mutex> lock(mu_);
    rest = order_.TakeAll();
  }
  for (std::unique_ptr<Task>& task : rest) task->Abandon(CheckMayBegin(*task));
}

TaskQueue::Depth TaskQueue::depth() const {
  std::lock_guard<std::mutex> lock(mu_);
  Depth depth;
  depth.queued = order_.size();
  depth.bulk = order_.bulk();
  if (order_.size() > 0) depth.oldest_age = std::max(clock_->Now() - order_.oldest(), absl::ZeroDuration());
  return depth;
}

TaskQueue::Sharing TaskQueue::sharing() const {
  std::lock_guard<std::mutex> lock(mu_);
  return sharing_;
}

absl::Status TaskQueue::CheckMayBegin(const Task& task) {
  absl::Status status = CheckRunnable(task, clock_->Now());
  if (status.ok() && cut_off_.load(std::memory_order_acquire)) {
    cut_off_tasks_.fetch_add(1, std::memory_order_relaxed);
    status = DrainingStatus();
  }
  const MonotonicTime deadline = task.attributes().deadline;
  const bool has_deadline = deadline != MonotonicTime::InfiniteFuture();
  if (status.ok() && has_deadline && is_out_of_reach_ && is_out_of_reach_(deadline)) {
    status = DeadlineOutOfReachStatus();
  }
  return status;
}

bool TaskQueue::Begin(const Task& task) {
  std::lock_guard<std::mutex> lock(mu_);
  const TaskClass task_class = task.attributes().task_class;
  if (task_class == TaskClass::kBulk && policy_.GivesWay(Snapshot(), task.scheduled_at, clock_->Now())) {
    return false;
  }
  order_.CountBegun(task_class);
  return true;
}

void TaskQueue::PutBack(Tasks tasks) {
  std::lock_guard<std::mutex> lock(mu_);
  for (std::unique_ptr<Task>& task : tasks) {
    const MonotonicTime deadline = task->attributes().deadline;
    order_.PutBack(std::move(task));
    WakeWatch(deadline);
  }
  changed_.notify_one();
}

TaskQueue::Tasks TaskQueue::RemoveUnrunnable(MonotonicTime now) {
  Tasks removed = order_.TakeExpired(now);
  Append(order_.TakeCancelled(kLookAtATime), removed);
  return removed;
}

QueueSnapshot TaskQueue::Snapshot() const {
  QueueSnapshot snapshot = order_.Snapshot();
  snapshot.idle_workers = idle_workers_ - static_cast<int>(calls_.size());
  snapshot.cost = &cost_;
  snapshot.draining = draining_;
  return snapshot;
}

void TaskQueue::WakeWatch(MonotonicTime deadline) {
  if (deadline >= watched_) return;
  watched_ = deadline;
  watch_changed_.notify_one();
}

}  // namespace edgenext::serving
