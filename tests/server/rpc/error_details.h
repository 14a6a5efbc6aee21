#ifndef TESTS_SERVER_RPC_ERROR_DETAILS_H_
#define TESTS_SERVER_RPC_ERROR_DETAILS_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/types/optional.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace edgenext::testing {

// The first detail of the type T among google.rpc.Status.details.
template <typename T>
absl::optional<T> FindDetail(const google::rpc::Status& status) {
  for (const auto& detail : status.details()) {
    T found;
    if (detail.UnpackTo(&found)) return found;
  }
  return absl::nullopt;
}

template <typename T>
absl::optional<T> FindDetail(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return absl::nullopt;
  return FindDetail<T>(details);
}

// ErrorInfo.reason, or "" if there is none. Works for both kinds of status.
template <typename Status>
std::string ReasonOf(const Status& status) {
  const auto info = FindDetail<google::rpc::ErrorInfo>(status);
  return info ? info->reason() : "";
}

// A grpc::Status by its code, its message and the reason in its details.
MATCHER_P3(IsError, code, reason, message_matcher, "") {
  *result_listener << "which has code " << arg.error_code() << ", reason '" << ReasonOf(arg)
                   << "' and message '" << arg.error_message() << "'";
  return arg.error_code() == code && ReasonOf(arg) == reason &&
         ::testing::ExplainMatchResult(message_matcher, arg.error_message(), result_listener);
}

MATCHER(IsGrpcOk, "") {
  *result_listener << "which has code " << arg.error_code() << " and message '" << arg.error_message() << "'";
  return arg.ok();
}

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_RPC_ERROR_DETAILS_H_
