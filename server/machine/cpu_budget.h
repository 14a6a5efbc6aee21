#ifndef SERVER_MACHINE_CPU_BUDGET_H_
#define SERVER_MACHINE_CPU_BUDGET_H_

#include <cstdint>
#include <functional>
#include <mutex>

#include "absl/time/time.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// Keeps a process within its cgroup's CPU quota by having workers pause between batches. The kernel enforces
// a quota by stopping every thread for the rest of a period, also one that holds a lock or answers a probe;
// and where there are as many busy workers as the quota pays for, all that the other threads use is too much.
//
// A token bucket in CPU time: it fills at a share of the quota, is emptied by whatever the process uses, and
// holds at most the rest of one period's quota. So no period gets more than its quota, whenever the kernel
// begins it, but for what the other threads use during one batch. The kernel hands CPU time out in slices, of
// which idle CPUs keep some, so the share has to be found: it falls with every second in which threads were
// stopped and rises slowly in the others. Thread-safe.
class CpuBudget {
 public:
  struct Options {
    double cpus = 1;  // the quota
    absl::Duration period = absl::Milliseconds(100);
    // As the kernel counts them (CpuStatistics); read once in kLookEvery.
    std::function<int64_t()> throttled_periods;
  };

  // It falls at once and rises in a time: settles where one second in two minutes has a throttled period.
  static constexpr double kMostShare = 0.97, kLeastShare = 0.90;
  static constexpr double kShareFall = 0.02, kShareRise = 0.01;
  static constexpr absl::Duration kRiseTime = absl::Minutes(1);
  static constexpr absl::Duration kLookEvery = absl::Seconds(1);

  explicit CpuBudget(const Options& options);

  // When a worker that has ended a batch may begin the next, `used` being what the process has used until
  // `now` (ProcessCpuTime): `now`, or as much later as the bucket needs to be level. At most about a period
  // later: the kernel forgets what was used before, and workers come on however much the others use.
  MonotonicTime NextBatchAt(MonotonicTime now, absl::Duration used);

  // The present share of the quota.
  double share() const;

 private:
  void AdaptShare(MonotonicTime now);  // with mu_ held

  const Options options_;

  mutable std::mutex mu_;
  // Guarded by mu_.
  double share_ = kMostShare;
  absl::Duration level_ = absl::ZeroDuration();  // of the bucket
  MonotonicTime seen_at_;                        // the latest that was told; the first call sets these
  absl::Duration seen_used_;
  MonotonicTime looked_at_;
  int64_t throttled_periods_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_CPU_BUDGET_H_
