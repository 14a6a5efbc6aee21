#ifndef SERVER_SIMULATE_ANNOUNCED_TIMEOUT_H_
#define SERVER_SIMULATE_ANNOUNCED_TIMEOUT_H_

#include "absl/time/time.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// What a client that sends now tells the server of the time to its deadline, as gRPC's C core does (C++,
// Python): whole milliseconds from the present, rounded down, to the deadline, rounded up; of these the first
// three digits, rounded up. So the server's idea of the deadline is late by up to 2 ms where less than a
// second is left, by up to 12 ms where it is a second or more, and by 1 % beyond.
absl::Duration AnnouncedTimeout(MonotonicTime deadline, MonotonicTime now);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_ANNOUNCED_TIMEOUT_H_
