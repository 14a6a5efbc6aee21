#include "client/retry_budget.h"

#include <algorithm>
#include <utility>

namespace edgenext {
namespace {

constexpr double kSpread = 0.2;

}  // namespace

void RetryBudget::RecordSuccess() { tokens_ = std::min(max_tokens_, tokens_ + kTokensPerSuccess); }

bool RetryBudget::RecordFailure() {
  tokens_ = std::max(0.0, tokens_ - 1);
  return tokens_ > max_tokens_ / 2;
}

Backoff::Backoff(Options options, std::function<double()> random)
    : options_(options), random_(std::move(random)), next_(options.first) {}

absl::Duration Backoff::Next() {
  const absl::Duration wait = next_ * (1 - kSpread + 2 * kSpread * random_());
  next_ = std::min(next_ * 2, options_.longest);
  return wait;
}

}  // namespace edgenext
