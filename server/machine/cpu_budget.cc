#include "server/machine/cpu_budget.h"

#include <algorithm>

namespace edgenext::serving {

CpuBudget::CpuBudget(const Options& options) : options_(options) {}

MonotonicTime CpuBudget::NextBatchAt(MonotonicTime now, absl::Duration used) {
  std::lock_guard<std::mutex> lock(mu_);
  if (seen_at_ == MonotonicTime()) {
    seen_at_ = looked_at_ = now;
    seen_used_ = used;
    throttled_periods_ = options_.throttled_periods();
  }
  // Workers may come in another order than that in which they looked at the clocks.
  const MonotonicTime latest = std::max(seen_at_, now);
  const absl::Duration most_used = std::max(seen_used_, used);
  const double rate = share_ * options_.cpus;
  const absl::Duration quota = options_.cpus * options_.period;
  level_ += rate * (latest - seen_at_) - (most_used - seen_used_);
  level_ = std::clamp(level_, -quota, (1 - share_) * quota);
  seen_at_ = latest;
  seen_used_ = most_used;

  if (latest - looked_at_ >= kLookEvery) AdaptShare(latest);
  return level_ < absl::ZeroDuration() ? latest - level_ / rate : now;
}

double CpuBudget::share() const {
  std::lock_guard<std::mutex> lock(mu_);
  return share_;
}

void CpuBudget::AdaptShare(MonotonicTime now) {
  const int64_t throttled_periods = options_.throttled_periods();
  if (throttled_periods > throttled_periods_) {
    share_ -= kShareFall;
  } else {
    share_ += kShareRise * absl::FDivDuration(now - looked_at_, kRiseTime);
  }
  share_ = std::clamp(share_, kLeastShare, kMostShare);
  throttled_periods_ = throttled_periods;
  looked_at_ = now;
}

}  // namespace edgenext::serving
