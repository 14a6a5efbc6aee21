#include "server/rpc/status_mapping.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "model/base/error_reason.h"
#include "server/rpc/utf8.h"

namespace edgenext::serving {
namespace {

constexpr char kDoNotRetry[] = "-1";
constexpr char kFieldKey[] = "edgenext/field";
constexpr size_t kMaxMessageBytes = 512;
// The violation repeats the message; all trailers together have to stay small.
constexpr size_t kMaxDescriptionBytes = 256;
constexpr size_t kMaxFieldBytes = 96;
constexpr size_t kMaxRequestIdBytes = 64;

void AddErrorInfo(const std::string& reason, google::rpc::Status& rpc_status) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(kErrorDomain);
  rpc_status.add_details()->PackFrom(info);
}

void AddRetryInfo(absl::Duration delay, google::rpc::Status& rpc_status) {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(delay);
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(nanoseconds / 1'000'000'000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  rpc_status.add_details()->PackFrom(info);
}

void AddBadRequest(absl::string_view field, google::rpc::Status& rpc_status) {
  google::rpc::BadRequest bad_request;
  google::rpc::BadRequest::FieldViolation& violation = *bad_request.add_field_violations();
  violation.set_field(ToValidUtf8(field, kMaxFieldBytes));
  violation.set_description(ToValidUtf8(rpc_status.message(), kMaxDescriptionBytes));
  rpc_status.add_details()->PackFrom(bad_request);
}

}  // namespace

absl::Status WithField(absl::Status status, absl::string_view field) {
  status.SetPayload(kFieldKey, absl::Cord(field));
  return status;
}

bool IsHidden(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnavailable:
      return false;
    default:
      return true;
  }
}

google::rpc::Status ToRpcStatus(const absl::Status& error, absl::string_view request_id) {
  google::rpc::Status rpc_status;
  if (IsHidden(error)) {
    rpc_status.set_code(static_cast<int>(absl::StatusCode::kInternal));
    rpc_status.set_message(
        absl::StrCat("the request failed inside the server; its log has more under request id ",
                     ToValidUtf8(request_id, kMaxRequestIdBytes)));
    AddErrorInfo(kReasonExecutionFailed, rpc_status);
    return rpc_status;
  }
  rpc_status.set_code(static_cast<int>(error.code()));
  rpc_status.set_message(ToValidUtf8(error.message(), kMaxMessageBytes));
  if (const std::string reason = GetReason(error); !reason.empty()) AddErrorInfo(reason, rpc_status);
  if (const absl::optional<absl::Duration> delay = GetRetryDelay(error)) AddRetryInfo(*delay, rpc_status);
  if (const absl::optional<absl::Cord> field = error.GetPayload(kFieldKey)) {
    AddBadRequest(std::string(*field), rpc_status);
  }
  return rpc_status;
}

CallStatus ToCallStatus(const absl::Status& status, absl::string_view request_id, absl::Duration time_left) {
  if (status.ok()) return {grpc::Status::OK, absl::nullopt};
  const google::rpc::Status rpc_status = ToRpcStatus(status, request_id);
  // gRPC itself sends the third argument as the trailer grpc-status-details-bin.
  const std::string details = rpc_status.details().empty() ? std::string() : rpc_status.SerializeAsString();
  CallStatus call_status;
  call_status.status =
      grpc::Status(static_cast<grpc::StatusCode>(rpc_status.code()), rpc_status.message(), details);
  if (const absl::optional<absl::Duration> delay = GetRetryDelay(status)) {
    call_status.retry_pushback_ms =
        *delay > time_left ? kDoNotRetry : absl::StrCat(absl::ToInt64Milliseconds(*delay));
  } else if (GetReason(status) == kReasonDeadlineUnreachable) {
    call_status.retry_pushback_ms = kDoNotRetry;
  }
  return call_status;
}

}  // namespace edgenext::serving
