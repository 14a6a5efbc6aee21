#ifndef SERVER_RPC_STATUS_MAPPING_H_
#define SERVER_RPC_STATUS_MAPPING_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/rpc/status.pb.h"

namespace edgenext::serving {

// The only place that turns our errors into what a client sees (the table "Errors" in server/README.md).

// ErrorInfo.domain of every error.
inline constexpr char kErrorDomain[] = "edgenext.v1";

// `status`, an INVALID_ARGUMENT, with the request's field that is wrong ("image", "inputs[0].shape"), which
// becomes a BadRequest.FieldViolation.
absl::Status WithField(absl::Status status, absl::string_view field);

// The error as google.rpc.Status, with ErrorInfo, RetryInfo and BadRequest where they apply. The message is
// at most 512 bytes of valid UTF-8. What clients must not see (INTERNAL and other codes that have no row in
// the table) is replaced by a sentence that names `request_id`.
google::rpc::Status ToRpcStatus(const absl::Status& error, absl::string_view request_id);

// How a call ends: the status with its details, and the value of the trailer `grpc-retry-pushback-ms` if
// there is one. Negative, it tells the client's library not to retry: where the delay is longer than
// `time_left`, the time to the call's deadline, and where this server cannot meet the deadline.
// https://github.com/grpc/proposal/blob/master/A6-client-retries.md
struct CallStatus {
  grpc::Status status;
  absl::optional<std::string> retry_pushback_ms;
};
inline constexpr char kRetryPushbackKey[] = "grpc-retry-pushback-ms";
CallStatus ToCallStatus(const absl::Status& status, absl::string_view request_id, absl::Duration time_left);

// True for errors whose message the client does not see and the log must therefore have.
bool IsHidden(const absl::Status& status);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_STATUS_MAPPING_H_
