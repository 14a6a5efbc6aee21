#include "server/rpc/status_mapping.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "tests/server/rpc/error_details.h"

namespace edgenext::serving {
namespace {

using google::rpc::BadRequest;
using google::rpc::ErrorInfo;
using google::rpc::RetryInfo;
using testing::FindDetail;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kAlways = absl::InfiniteDuration();

TEST(StatusMappingTest, OkIsOk) {
  const CallStatus call_status = ToCallStatus(absl::OkStatus(), "id", kAlways);
  EXPECT_TRUE(call_status.status.ok());
  EXPECT_TRUE(call_status.status.error_details().empty());
  EXPECT_FALSE(call_status.retry_pushback_ms);
}

TEST(StatusMappingTest, ReasonBecomesErrorInfo) {
  const CallStatus call_status =
      ToCallStatus(WithReason(absl::NotFoundError("no model 'x'"), kReasonModelNotFound), "id", kAlways);
  EXPECT_EQ(call_status.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(call_status.status.error_message(), "no model 'x'");
  const auto info = FindDetail<ErrorInfo>(call_status.status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), "MODEL_NOT_FOUND");
  EXPECT_EQ(info->domain(), "edgenext.v1");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(call_status.status.error_details()));
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), "no model 'x'");
}

TEST(StatusMappingTest, WithoutDetailsThereIsNoDetailsTrailer) {
  const CallStatus call_status = ToCallStatus(absl::CancelledError("gone"), "id", kAlways);
  EXPECT_EQ(call_status.status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(call_status.status.error_details().empty());
}

TEST(StatusMappingTest, RetryDelayBecomesRetryInfoAndPushback) {
  const absl::Status error = WithRetryDelay(
      WithReason(absl::ResourceExhaustedError("full"), kReasonOverloaded), absl::Milliseconds(1250));
  for (const auto& [time_left, pushback] :
       {std::pair{kAlways, "1250"}, {absl::Milliseconds(1250), "1250"}, {absl::Milliseconds(1249), "-1"}}) {
    const CallStatus call_status = ToCallStatus(error, "id", time_left);
    const auto retry = FindDetail<RetryInfo>(call_status.status);
    ASSERT_TRUE(retry);
    EXPECT_EQ(retry->retry_delay().seconds(), 1);
    EXPECT_EQ(retry->retry_delay().nanos(), 250'000'000);
    EXPECT_EQ(call_status.retry_pushback_ms, pushback) << time_left;
  }
}

TEST(StatusMappingTest, ADeadlineOutOfReachIsNotToBeTriedHereAgain) {
  const CallStatus call_status = ToCallStatus(
      WithReason(absl::ResourceExhaustedError("too late"), kReasonDeadlineUnreachable), "id", kAlways);
  EXPECT_EQ(call_status.retry_pushback_ms, "-1");
  EXPECT_FALSE(FindDetail<RetryInfo>(call_status.status));
}

TEST(StatusMappingTest, FieldBecomesBadRequest) {
  const CallStatus call_status =
      ToCallStatus(WithField(absl::InvalidArgumentError("image is empty"), "image"), "id", kAlways);
  const auto bad_request = FindDetail<BadRequest>(call_status.status);
  ASSERT_TRUE(bad_request);
  ASSERT_EQ(bad_request->field_violations_size(), 1);
  EXPECT_EQ(bad_request->field_violations(0).field(), "image");
  EXPECT_EQ(bad_request->field_violations(0).description(), "image is empty");
}

TEST(StatusMappingTest, WhatClientsMustNotSeeIsReplaced) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInternal, absl::StatusCode::kUnknown, absl::StatusCode::kDataLoss,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kAborted, absl::StatusCode::kOutOfRange}) {
    const absl::Status error(code, "/etc/secret: std::bad_alloc");
    EXPECT_TRUE(IsHidden(error));
    const CallStatus call_status = ToCallStatus(error, "request-7", kAlways);
    EXPECT_EQ(call_status.status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_THAT(call_status.status.error_message(), HasSubstr("request-7"));
    EXPECT_THAT(call_status.status.error_message(), Not(HasSubstr("secret")));
    EXPECT_THAT(call_status.status.error_details(), Not(HasSubstr("secret")));
    EXPECT_EQ(testing::ReasonOf(call_status.status), "EXECUTION_FAILED");
  }
}

// What gRPC puts on the wire: the message percent-encoded, the details as base64.
size_t TrailerBytes(const CallStatus& call_status) {
  size_t bytes = 0;
  for (const char c : call_status.status.error_message()) bytes += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return bytes + (call_status.status.error_details().size() + 2) / 3 * 4 +
         call_status.retry_pushback_ms.value_or("").size();
}

TEST(StatusMappingTest, LongMessagesAreCutAndAllTrailersStaySmall) {
  for (const std::string& character : {std::string("x"), std::string("\xE2\x82\xAC"), std::string("\xFF")}) {
    std::string message, field;
    while (message.size() < 20'000) message += character;
    while (field.size() < 80) field += character;
    absl::Status error =
        WithField(WithRetryDelay(WithReason(absl::InvalidArgumentError(message), kReasonImageCorrupt),
                                 absl::Hours(1000)),
                  field);
    const CallStatus call_status = ToCallStatus(error, message, kAlways);
    EXPECT_LE(call_status.status.error_message().size(), 512u);
    EXPECT_GE(call_status.status.error_message().size(), 510u);
    EXPECT_LE(TrailerBytes(call_status), 4096u - 128u);  // room for the keys
    EXPECT_LE(ToCallStatus(absl::InternalError(message), message, kAlways).status.error_message().size(),
              512u);
  }
}

}  // namespace
}  // namespace edgenext::serving
