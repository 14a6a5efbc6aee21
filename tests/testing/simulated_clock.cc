#include "tests/testing/simulated_clock.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

namespace edgenext::testing {

SimulatedClock::SimulatedClock(MonotonicTime now) : now_(now) {}

SimulatedClock::~SimulatedClock() { assert(waiters_.empty()); }

MonotonicTime SimulatedClock::Now() const {
  std::lock_guard<std::mutex> lock(mu_);
  return now_;
}

void SimulatedClock::WaitUntil(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                               MonotonicTime deadline) {
  std::list<Waiter>::iterator waiter;
  {
    std::lock_guard<std::mutex> locked(mu_);
    if (deadline <= now_) return;
    waiter = waiters_.insert(waiters_.end(), Waiter{&changed, lock.mutex(), deadline});
    waiters_changed_.notify_all();
  }
  // SetTime needs the caller's mutex to notify, so it cannot do so before this wait has released it.
  changed.wait(lock);
  lock.unlock();
  {
    std::unique_lock<std::mutex> locked(mu_);
    waiters_changed_.wait(locked, [&waiter] { return waiter->wakers == 0; });
    waiters_.erase(waiter);
  }
  lock.lock();
}

void SimulatedClock::SetTime(MonotonicTime now) { MoveTo(now, std::unique_lock<std::mutex>(mu_)); }

void SimulatedClock::Advance(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mu_);
  MoveTo(now_ + duration, std::move(lock));
}

void SimulatedClock::MoveTo(MonotonicTime now, std::unique_lock<std::mutex> lock) {
  std::vector<Waiter*> due;
  now_ = now;
  for (Waiter& waiter : waiters_) {
    if (waiter.deadline > now) continue;
    ++waiter.wakers;
    due.push_back(&waiter);
  }
  lock.unlock();
  for (const Waiter* waiter : due) {
    std::lock_guard<std::mutex> waiter_lock(*waiter->mutex);
    waiter->changed->notify_all();
  }
  lock.lock();
  for (Waiter* waiter : due) --waiter->wakers;
  waiters_changed_.notify_all();
}

void SimulatedClock::AwaitWaiters(int threads, MonotonicTime deadline) {
  std::unique_lock<std::mutex> lock(mu_);
  waiters_changed_.wait(lock, [&] {
    return std::count_if(waiters_.begin(), waiters_.end(),
                         [&](const Waiter& waiter) { return waiter.deadline == deadline; }) >= threads;
  });
}

}  // namespace edgenext::testing
