#ifndef CLIENT_LOAD_RETRY_RULE_H_
#define CLIENT_LOAD_RETRY_RULE_H_

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "client/base/server_error.h"

namespace edgenext {

// How long a client waits after its attempt number `attempt` (from 1) ended with `error`, if it tries again:
// gRPC's retryPolicy (gRFC A6) with RESOURCE_EXHAUSTED and UNAVAILABLE retryable. The server's push-back or
// RetryInfo is waited for exactly, a push-back that refuses is heeded, and without either the wait is drawn
// evenly from 0 to 100 ms, then 200 ms and so on up to 1 s. None when `attempt` was the last of `attempts`,
// or when the wait would reach the deadline, which is `time_left` away. `random` is in [0, 1).
absl::optional<absl::Duration> RetryDelay(const ServerError& error, int attempt, int attempts,
                                          absl::Duration time_left, double random);

}  // namespace edgenext

#endif  // CLIENT_LOAD_RETRY_RULE_H_
