#ifndef CLIENT_BASE_GRPC_TIME_H_
#define CLIENT_BASE_GRPC_TIME_H_

#include <algorithm>
#include <cstdint>

#include "client/base/steady_time.h"
#include "grpcpp/grpcpp.h"

namespace edgenext {

// A time as gRPC takes it for deadlines: on the monotonic clock too.
inline gpr_timespec ToGrpcTime(SteadyTime time) {
  if (time == absl::InfiniteFuture()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const int64_t microseconds = absl::ToInt64Microseconds(std::max(time - SteadyNow(), absl::ZeroDuration()));
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(microseconds, GPR_TIMESPAN));
}

}  // namespace edgenext

#endif  // CLIENT_BASE_GRPC_TIME_H_
