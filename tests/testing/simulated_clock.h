#ifndef TESTS_TESTING_SIMULATED_CLOCK_H_
#define TESTS_TESTING_SIMULATED_CLOCK_H_

#include <condition_variable>
#include <list>
#include <mutex>

#include "absl/time/time.h"
#include "model/base/clock.h"

namespace edgenext::testing {

// A clock that stands still until a test moves it. Threads that wait on it are woken when its time reaches
// theirs, as well as by notifications. Thread-safe.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(MonotonicTime now = MonotonicTime::FromDuration(absl::Hours(1)));
  // No thread may be waiting.
  ~SimulatedClock() override;

  MonotonicTime Now() const override;
  void WaitUntil(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                 MonotonicTime deadline) override;

  // May also go back, as no real monotonic clock does.
  void SetTime(MonotonicTime now);
  // No step of several threads that advance it is lost.
  void Advance(absl::Duration duration);

  // Blocks until `threads` threads are waiting until exactly `deadline`: then each of them has seen
  // everything that happened before it began to wait.
  void AwaitWaiters(int threads, MonotonicTime deadline);

 private:
  struct Waiter {
    std::condition_variable* changed;
    std::mutex* mutex;
    MonotonicTime deadline;
    int wakers = 0;  // calls of SetTime that are about to touch `changed` and `mutex`
  };

  // With mu_ held by `lock`, which it releases.
  void MoveTo(MonotonicTime now, std::unique_lock<std::mutex> lock);

  // A waiter's own mutex may be locked while mu_ is being taken, never the other way round.
  mutable std::mutex mu_;
  std::condition_variable waiters_changed_;
  // Guarded by mu_.
  MonotonicTime now_;
  std::list<Waiter> waiters_;
};

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_SIMULATED_CLOCK_H_
