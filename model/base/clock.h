#ifndef MODEL_BASE_CLOCK_H_
#define MODEL_BASE_CLOCK_H_

#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace edgenext {

// A point on the machine's monotonic clock: steps of the wall clock do not move it. Comparable with others
// of the same clock only. A value type.
class MonotonicTime {
 public:
  // Before every other time.
  constexpr MonotonicTime() : since_start_(-absl::InfiniteDuration()) {}
  static constexpr MonotonicTime FromDuration(absl::Duration since_start) {
    return MonotonicTime(since_start);
  }
  // Never reached: "no deadline".
  static constexpr MonotonicTime InfiniteFuture() { return MonotonicTime(absl::InfiniteDuration()); }

  constexpr absl::Duration since_start() const { return since_start_; }

  friend MonotonicTime operator+(MonotonicTime t, absl::Duration d) {
    return MonotonicTime(t.since_start_ + d);
  }
  friend MonotonicTime operator-(MonotonicTime t, absl::Duration d) {
    return MonotonicTime(t.since_start_ - d);
  }
  friend absl::Duration operator-(MonotonicTime a, MonotonicTime b) {
    return a.since_start_ - b.since_start_;
  }
  friend bool operator==(MonotonicTime a, MonotonicTime b) { return a.since_start_ == b.since_start_; }
  friend bool operator!=(MonotonicTime a, MonotonicTime b) { return !(a == b); }
  friend bool operator<(MonotonicTime a, MonotonicTime b) { return a.since_start_ < b.since_start_; }
  friend bool operator>(MonotonicTime a, MonotonicTime b) { return b < a; }
  friend bool operator<=(MonotonicTime a, MonotonicTime b) { return !(b < a); }
  friend bool operator>=(MonotonicTime a, MonotonicTime b) { return !(a < b); }

 private:
  explicit constexpr MonotonicTime(absl::Duration since_start) : since_start_(since_start) {}
  absl::Duration since_start_;
};

// Where time comes from and how a thread waits for it, so that tests can drive both
// (tests/testing/simulated_clock.h). Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual MonotonicTime Now() const = 0;

  // Waits on `changed`, whose mutex `lock` holds, until it is notified or the clock reaches `deadline`; may
  // also wake spuriously. Callers re-check their condition and the time.
  virtual void WaitUntil(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                         MonotonicTime deadline) = 0;

  // The machine's CLOCK_MONOTONIC, the clock of std::chrono::steady_clock. Never destroyed.
  static Clock& Real();
};

}  // namespace edgenext

#endif  // MODEL_BASE_CLOCK_H_
