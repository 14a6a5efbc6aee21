#ifndef CLIENT_BASE_STEADY_TIME_H_
#define CLIENT_BASE_STEADY_TIME_H_

#include <chrono>

#include "absl/time/time.h"

namespace edgenext {

// A point on the monotonic clock, which no step of the wall clock moves. Held in an absl::Time for its
// saturating arithmetic and its absl::InfiniteFuture(); only comparisons and differences have a meaning.
using SteadyTime = absl::Time;

inline SteadyTime SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace edgenext

#endif  // CLIENT_BASE_STEADY_TIME_H_
