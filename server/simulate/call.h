#ifndef SERVER_SIMULATE_CALL_H_
#define SERVER_SIMULATE_CALL_H_

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "server/batching/task.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {

// A request on its way through clients and servers: owned by whoever has it, so that none is lost or ends
// twice.
struct Call {
  Arrival arrival;
  MonotonicTime deadline = MonotonicTime::InfiniteFuture();      // at which the client has gone
  MonotonicTime cancelled_at = MonotonicTime::InfiniteFuture();  // when the server hears that it has
  TaskAttributes attributes;  // as the server knows them: its deadline is what the attempt announced
  int attempts = 0;           // that clients have made
  MonotonicTime admitted = MonotonicTime::InfiniteFuture();  // the last attempt; else never
  absl::Duration worked = absl::ZeroDuration();              // time that workers have spent on it
};

// What a server says at the end of an attempt.
struct Answer {
  enum class Kind {
    kResult,
    kExpired,      // the deadline has passed
    kOverloaded,   // there is no room
    kUnreachable,  // the deadline cannot be met
  };
  Kind kind = Kind::kResult;
  // When a client may try again, if it is told; negative: not at all.
  absl::optional<absl::Duration> push_back;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_CALL_H_
