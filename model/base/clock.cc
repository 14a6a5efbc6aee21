#include "model/base/clock.h"

#include <algorithm>
#include <chrono>

namespace edgenext {
namespace {

class RealClock final : public Clock {
 public:
  MonotonicTime Now() const override {
    return MonotonicTime::FromDuration(absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()));
  }

  void WaitUntil(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                 MonotonicTime deadline) override {
    // A far deadline would overflow the chrono type; an early wake-up is allowed.
    const absl::Duration remaining = std::min(deadline - Now(), absl::Hours(1));
    if (remaining <= absl::ZeroDuration()) return;
    changed.wait_for(lock, absl::ToChronoNanoseconds(remaining));
  }
};

}  // namespace

Clock& Clock::Real() {
  static auto* clock = new RealClock;
  return *clock;
}

}  // namespace edgenext
