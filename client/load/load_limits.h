#ifndef CLIENT_LOAD_LOAD_LIMITS_H_
#define CLIENT_LOAD_LOAD_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace edgenext {

// What keeps a run bounded, and honest.

// Times of a sample are microseconds in 32 bits: 71 minutes.
inline constexpr absl::Duration kLongestRun = absl::Hours(1);
inline constexpr absl::Duration kShortestDeadline = absl::Milliseconds(1);

// Samples of 16 bytes each are all kept, for exact percentiles: 320 MB at most.
inline constexpr size_t kMostSamples = 20'000'000;

// Requests under way at once. One more is not sent, and the run is void: what it would have met is not known.
inline constexpr int kMostInFlight = 50'000;

// Bytes of all messages together, of one priority; they are made before the run.
inline constexpr size_t kMostPayloadBytes = size_t{1} << 30U;

// A run is void if a request in a hundred was sent this much later than intended, or if an answer in a
// hundred would have lain this long before the generator looked at it.
inline constexpr absl::Duration kMostSendLag = absl::Milliseconds(1);
inline constexpr absl::Duration kMostReceiveLag = absl::Milliseconds(5);

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_LIMITS_H_
