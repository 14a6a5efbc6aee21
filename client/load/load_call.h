#ifndef CLIENT_LOAD_LOAD_CALL_H_
#define CLIENT_LOAD_LOAD_CALL_H_

#include <cstddef>
#include <memory>

#include "absl/types/optional.h"
#include "client/base/steady_time.h"
#include "client/load/request_mix.h"
#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/support/async_unary_call.h"

namespace edgenext {

struct LoadCall;

// What a completion queue gives back: which of its call's operations is over. A probe has no call.
struct LoadTag {
  enum class Kind { kFinished, kCancelTime, kRetryTime, kProbe };
  LoadCall* call = nullptr;
  Kind kind = Kind::kProbe;
};

// One request with all its attempts. Touched by the thread that begins an attempt, then by the receiver only.
struct LoadCall {
  LoadTag finished{this, LoadTag::Kind::kFinished};
  LoadTag cancel_time{this, LoadTag::Kind::kCancelTime};
  LoadTag retry_time{this, LoadTag::Kind::kRetryTime};

  RequestSpec spec;
  size_t connection = 0;
  SteadyTime intended;
  SteadyTime first_sent;
  int attempts = 0;

  // Of the attempt under way.
  absl::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::optional<grpc::Alarm> alarm;
  int pending_tags = 0;
  SteadyTime answered;
  bool was_cancelled = false;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_CALL_H_
