#include "client/load/retry_rule.h"

#include <algorithm>

#include "absl/status/status.h"

namespace edgenext {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackoff = absl::Seconds(1);

absl::Duration Backoff(int attempt, double random) {
  absl::Duration longest = kFirstBackoff;
  for (int i = 1; i < attempt && longest < kLongestBackoff; ++i) longest *= 2;
  return std::min(longest, kLongestBackoff) * random;
}

}  // namespace

absl::optional<absl::Duration> RetryDelay(const ServerError& error, int attempt, int attempts,
                                          absl::Duration time_left, double random) {
  const bool is_retryable = absl::IsResourceExhausted(error.status) || absl::IsUnavailable(error.status);
  if (!is_retryable || error.retry_refused || attempt >= attempts) return absl::nullopt;
  const absl::Duration delay = error.retry_delay.value_or(Backoff(attempt, random));
  if (delay >= time_left) return absl::nullopt;
  return delay;
}

}  // namespace edgenext
