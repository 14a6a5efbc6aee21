#include "client/base/server_error.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"

namespace edgenext {
namespace {

constexpr char kPushbackTrailer[] = "grpc-retry-pushback-ms";

// gRPC's and abseil's codes are the same numbers; any other number a server may send is UNKNOWN.
absl::Status MakeStatus(int code, const std::string& message) {
  if (code < 0 || code > static_cast<int>(grpc::StatusCode::UNAUTHENTICATED)) {
    return absl::UnknownError(absl::StrCat("status code ", code, ": ", message));
  }
  return absl::Status(static_cast<absl::StatusCode>(code), message);
}

void ReadDetails(const google::rpc::Status& details, ServerError& error) {
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) {
      error.reason = info.reason();
    } else if (detail.Is<google::rpc::RetryInfo>() && detail.UnpackTo(&retry)) {
      error.retry_delay =
          absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
}

void ReadPushback(const grpc::ClientContext& context, ServerError& error) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(kPushbackTrailer);
  if (found == trailers.end()) return;
  int64_t milliseconds = 0;
  if (!absl::SimpleAtoi(absl::string_view(found->second.data(), found->second.size()), &milliseconds) ||
      milliseconds < 0) {
    error.retry_refused = true;
    error.retry_delay.reset();
  } else if (!error.retry_delay.has_value()) {
    error.retry_delay = absl::Milliseconds(milliseconds);
  }
}

}  // namespace

ServerError ErrorFromCall(const grpc::Status& status, const grpc::ClientContext& context) {
  ServerError error;
  error.status = MakeStatus(status.error_code(), status.error_message());
  if (status.ok()) return error;
  if (absl::IsCancelled(error.status)) {
    error.status = absl::UnavailableError("the server went away before it answered");
  }
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) ReadDetails(details, error);
  ReadPushback(context, error);
  return error;
}

ServerError ErrorFromAnswer(const google::rpc::Status& status) {
  ServerError error;
  error.status = status.code() == 0 ? absl::UnknownError("the server answered with an error that has no code")
                                    : MakeStatus(status.code(), status.message());
  ReadDetails(status, error);
  return error;
}

std::string ErrorText(const absl::Status& status, const std::string& reason) {
  return reason.empty() ? std::string(status.message()) : absl::StrCat(reason, ": ", status.message());
}

}  // namespace edgenext
