#ifndef MODEL_BASE_ERROR_REASON_H_
#define MODEL_BASE_ERROR_REASON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace edgenext {

// The machine-readable causes of errors that clients see, as google.rpc.ErrorInfo.reason
// (the table "Errors" in server/README.md). A cause travels inside the absl::Status, so that rooms without
// gRPC can name it; server/rpc turns it into error details.
inline constexpr char kReasonBadTensor[] = "BAD_TENSOR";
inline constexpr char kReasonImageCorrupt[] = "IMAGE_CORRUPT";
inline constexpr char kReasonImageUnsupported[] = "IMAGE_UNSUPPORTED";
inline constexpr char kReasonImageTooLarge[] = "IMAGE_TOO_LARGE";
inline constexpr char kReasonModelNotFound[] = "MODEL_NOT_FOUND";
inline constexpr char kReasonModelNotReady[] = "MODEL_NOT_READY";
inline constexpr char kReasonDraining[] = "DRAINING";
inline constexpr char kReasonStreamIdle[] = "STREAM_IDLE";
inline constexpr char kReasonOverloaded[] = "OVERLOADED";
inline constexpr char kReasonDeadlineUnreachable[] = "DEADLINE_UNREACHABLE";
inline constexpr char kReasonDeadline[] = "DEADLINE";
inline constexpr char kReasonExecutionFailed[] = "EXECUTION_FAILED";

// `status`, an error, with its cause.
absl::Status WithReason(absl::Status status, absl::string_view reason);
// The cause, or "" where none was given.
std::string GetReason(const absl::Status& status);

// `status`, an error, with the time after which a retry may succeed.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);
absl::optional<absl::Duration> GetRetryDelay(const absl::Status& status);

}  // namespace edgenext

#endif  // MODEL_BASE_ERROR_REASON_H_
