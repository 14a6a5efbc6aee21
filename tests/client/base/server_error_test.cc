#include "client/base/server_error.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;

google::rpc::Status Overloaded() {
  google::rpc::Status status;
  status.set_code(static_cast<int>(grpc::StatusCode::RESOURCE_EXHAUSTED));
  status.set_message("the queue is full");
  google::rpc::ErrorInfo info;
  info.set_reason("OVERLOADED");
  status.add_details()->PackFrom(info);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  status.add_details()->PackFrom(retry);
  return status;
}

TEST(ServerError, ReadsTheDetailsOfAnAnswer) {
  const ServerError error = ErrorFromAnswer(Overloaded());
  EXPECT_THAT(error.status, StatusIs(absl::StatusCode::kResourceExhausted, "the queue is full"));
  EXPECT_EQ(error.reason, "OVERLOADED");
  ASSERT_TRUE(error.retry_delay.has_value());
  EXPECT_EQ(*error.retry_delay, absl::Milliseconds(1500));
  EXPECT_EQ(ErrorText(error.status, error.reason), "OVERLOADED: the queue is full");
}

TEST(ServerError, ReadsTheDetailsOfACall) {
  const grpc::ClientContext context;
  const grpc::Status status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full",
                            Overloaded().SerializeAsString());
  const ServerError error = ErrorFromCall(status, context);
  EXPECT_THAT(error.status, StatusIs(absl::StatusCode::kResourceExhausted, "the queue is full"));
  EXPECT_EQ(error.reason, "OVERLOADED");
  EXPECT_EQ(error.retry_delay, absl::make_optional(absl::Milliseconds(1500)));
}

TEST(ServerError, AnErrorWithoutDetailsHasNoReasonAndNoDelay) {
  const grpc::ClientContext context;
  const ServerError error = ErrorFromCall(grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused"), context);
  EXPECT_THAT(error.status, StatusIs(absl::StatusCode::kUnavailable, "refused"));
  EXPECT_EQ(error.reason, "");
  EXPECT_FALSE(error.retry_delay.has_value());
  EXPECT_EQ(ErrorText(error.status, error.reason), "refused");
}

TEST(ServerError, ACallThatAStoppingServerCancelledIsUnavailable) {
  const grpc::ClientContext context;
  const ServerError error = ErrorFromCall(grpc::Status(grpc::StatusCode::CANCELLED, "CANCELLED"), context);
  EXPECT_THAT(error.status,
              StatusIs(absl::StatusCode::kUnavailable, "the server went away before it answered"));
}

TEST(ServerError, DetailsThatAreNoMessageAreIgnored) {
  google::rpc::Status status = Overloaded();
  for (auto& detail : *status.mutable_details()) detail.set_value("\xff\xff\xff");
  const ServerError error = ErrorFromAnswer(status);
  EXPECT_EQ(error.reason, "");
  EXPECT_FALSE(error.retry_delay.has_value());
}

TEST(ServerError, AnErrorIsNeverOk) {
  google::rpc::Status status;
  EXPECT_THAT(ErrorFromAnswer(status).status, StatusIs(absl::StatusCode::kUnknown));
  status.set_code(77);
  EXPECT_THAT(ErrorFromAnswer(status).status, StatusIs(absl::StatusCode::kUnknown, HasSubstr("77")));
}

}  // namespace
}  // namespace edgenext
