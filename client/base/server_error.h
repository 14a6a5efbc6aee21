#ifndef CLIENT_BASE_SERVER_ERROR_H_
#define CLIENT_BASE_SERVER_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"

namespace edgenext {

// Why a call, or one image of a stream, did not succeed, with what the server said about retrying.
struct ServerError {
  // OK: it did succeed.
  absl::Status status;
  // google.rpc.ErrorInfo.reason, as "OVERLOADED"; empty when the server gave none, as for a connection that
  // could not be made.
  std::string reason;
  // google.rpc.RetryInfo, else the push-back trailer: after this time a retry is welcome.
  absl::optional<absl::Duration> retry_delay;
  // The push-back trailer is negative or no number, which asks for no retry at all (gRFC A6); then there is
  // no retry_delay either.
  bool retry_refused = false;
};

// From the end of a call; `context` is that of the finished call, for its trailers. CANCELLED is UNAVAILABLE
// here: this client asks for no call's end and then for its status, but gRPC ends so the calls that race a
// server's stop.
ServerError ErrorFromCall(const grpc::Status& status, const grpc::ClientContext& context);

// From an image's answer in a stream.
ServerError ErrorFromAnswer(const google::rpc::Status& status);

// "IMAGE_CORRUPT: not a JPEG", or the message alone where there is no reason.
std::string ErrorText(const absl::Status& status, const std::string& reason);

}  // namespace edgenext

#endif  // CLIENT_BASE_SERVER_ERROR_H_
