#include "server/batching/task_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "server/batching/task_status.h"

namespace edgenext::serving {
namespace {

void AbandonUnrunnable(std::vector<std::unique_ptr<Task>> tasks, MonotonicTime now) {
  for (std::unique_ptr<Task>& task : tasks) task->Abandon(CheckRunnable(*task, now));
}

}  // namespace

TaskQueue::TaskQueue(const Options& options)
    : capacity_(options.capacity), policy_(options.policy), clock_(options.clock) {}

TaskQueue::~TaskQueue() { CutOffRest(); }

absl::Status TaskQueue::Schedule(std::unique_ptr<Task>* task) {
  Tasks unrunnable;
  MonotonicTime now;
  {
    std::unique_lock<std::mutex> lock(mu_);
    if (draining_) return DrainingStatus();
    now = clock_->Now();
    if (static_cast<int>(tasks_.size()) >= capacity_) unrunnable = RemoveUnrunnable(now);
    if (static_cast<int>(tasks_.size()) >= capacity_) {
      return WithReason(
          absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", capacity_, " images are waiting")),
          kReasonOverloaded);
    }
    (*task)->scheduled_at = now;
    tasks_.emplace(policy_.Key((*task)->attributes(), arrivals_++), std::move(*task));
    changed_.notify_one();
  }
  AbandonUnrunnable(std::move(unrunnable), now);
  return absl::OkStatus();
}

absl::optional<Batch> TaskQueue::Take() {
  std::unique_lock<std::mutex> lock(mu_);
  ++idle_workers_;
  while (true) {
    if (!calls_.empty()) {
      Help(lock);
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
        break;
      case BatchDecision::Kind::kStop:
        --idle_workers_;
        return absl::nullopt;
      case BatchDecision::Kind::kTake: {
        Tasks taken = RemoveFirst(decision.count);
        --idle_workers_;
        // Whoever leaves tasks behind wakes another, so that no task depends on who was told of it.
        if (!tasks_.empty()) changed_.notify_one();
        lock.unlock();
        for (const std::unique_ptr<Task>& task : taken) task->OnTaken();
        return Batch(std::move(taken), decision.why, clock_, &cut_off_);
      }
    }
  }
}

void TaskQueue::Share(int most_threads, ThreadTeam::Work work) {
  std::unique_lock<std::mutex> lock(mu_);
  const int free = tasks_.empty() ? idle_workers_ - static_cast<int>(calls_.size()) : 0;
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
  cut_off_.Set();
  Tasks rest;
  {
    std::lock_guard<std::mutex> lock(mu_);
    rest = RemoveFirst(static_cast<int>(tasks_.size()));
  }
  for (std::unique_ptr<Task>& task : rest) {
    absl::Status status = CheckRunnable(*task, clock_->Now());
    if (status.ok()) {
      cut_off_.CountTask();
      status = DrainingStatus();
    }
    task->Abandon(std::move(status));
  }
}

TaskQueue::Depth TaskQueue::depth() const {
  std::lock_guard<std::mutex> lock(mu_);
  Depth depth;
  depth.queued = static_cast<int>(tasks_.size());
  if (depth.queued > 0)
    depth.oldest_age = std::max(clock_->Now() - OldestScheduledAt(), absl::ZeroDuration());
  return depth;
}

TaskQueue::Sharing TaskQueue::sharing() const {
  std::lock_guard<std::mutex> lock(mu_);
  return sharing_;
}

TaskQueue::Tasks TaskQueue::RemoveUnrunnable(MonotonicTime now) {
  Tasks removed;
  for (auto it = tasks_.begin(); it != tasks_.end();) {
    if (CheckRunnable(*it->second, now).ok()) {
      ++it;
    } else {
      removed.push_back(std::move(it->second));
      it = tasks_.erase(it);
    }
  }
  return removed;
}

TaskQueue::Tasks TaskQueue::RemoveFirst(int count) {
  Tasks removed;
  removed.reserve(static_cast<size_t>(count));
  while (count-- > 0) {
    removed.push_back(std::move(tasks_.begin()->second));
    tasks_.erase(tasks_.begin());
  }
  return removed;
}

QueueSnapshot TaskQueue::Snapshot() const {
  QueueSnapshot snapshot;
  snapshot.queued = static_cast<int>(tasks_.size());
  snapshot.idle_workers = idle_workers_;
  snapshot.oldest = OldestScheduledAt();
  for (const auto& [key, task] : tasks_) {
    snapshot.earliest_deadline = std::min(snapshot.earliest_deadline, task->attributes().deadline);
  }
  snapshot.cost = &cost_;
  snapshot.draining = draining_;
  return snapshot;
}

MonotonicTime TaskQueue::OldestScheduledAt() const {
  MonotonicTime oldest = MonotonicTime::InfiniteFuture();
  for (const auto& [key, task] : tasks_) oldest = std::min(oldest, task->scheduled_at);
  return oldest;
}

}  // namespace edgenext::serving
