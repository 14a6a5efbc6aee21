#include "client/retry_budget.h"

#include <algorithm>
#include <utility>

namespace edgenext {
namespace {

constexpr double kSpread = 0.2;

}  // namespace

void RetryBudget::RecordSuccess() {
  constexpr auto kReward = static_cast<int>(1000 * kTokensPerSuccess);
  millitokens_ = std::min(max_millitokens_, millitokens_ + kReward);
}

bool RetryBudget::RecordFailure() {
  millitokens_ = std::max(0, millitokens_ - 1000);
  return millitokens_ > max_millitokens_ / 2;
}

Backoff::Backoff(Options options, std::function<double()> random)
    : options_(options), random_(std::move(random)), next_(options.first) {}

absl::Duration Backoff::Next() {
  const absl::Duration wait = next_ * (1 - kSpread + 2 * kSpread * random_());
  next_ = std::min(next_ * 2, options_.longest);
  return wait;
}

}  // namespace edgenext
