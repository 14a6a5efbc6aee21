#include "server/simulate/announced_timeout.h"

namespace edgenext::serving {

absl::Duration AnnouncedTimeout(MonotonicTime deadline, MonotonicTime now) {
  if (deadline == MonotonicTime::InfiniteFuture()) return absl::InfiniteDuration();
  const absl::Duration left = absl::Ceil(deadline.since_start(), absl::Milliseconds(1)) -
                              absl::Floor(now.since_start(), absl::Milliseconds(1));
  absl::Duration unit = absl::Milliseconds(1);
  while (left >= 1000 * unit) unit *= 10;
  return absl::Ceil(left, unit);
}

}  // namespace edgenext::serving
