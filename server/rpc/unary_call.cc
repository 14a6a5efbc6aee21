#include "server/rpc/unary_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/message_codec.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {

namespace {

absl::Status NoMessage() { return absl::InvalidArgumentError("the call has no message"); }

}  // namespace

TaskAttributes AttributesOf(const RpcCall& call) {
  TaskAttributes attributes;
  attributes.deadline = call.deadline();
  attributes.client_key = call.Peer();
  return attributes;
}

absl::Status UnaryCall::Admit(size_t bytes) {
  EDGENEXT_ASSIGN_OR_RETURN(std::shared_ptr<const ServedModel> model, services_.pipeline->FindModel("", ""));
  record_.SetModel(std::move(model));
  EDGENEXT_RETURN_IF_ERROR(call_.CheckConnection());
  AdmissionRequest request;
  AdmissionController& admission = services_.pipeline->admission();
  request.bytes = std::min(bytes, admission.limits().max_inflight_bytes);
  request.deadline = call_.deadline();
  EDGENEXT_ASSIGN_OR_RETURN(admission_, admission.Admit(request));
  return absl::OkStatus();
}

void UnaryCall::OnHeaders() {
  if (const absl::optional<size_t> bytes = method_.reservation()) {
    if (const absl::Status refused = Admit(*bytes); !refused.ok()) {
      if (absl::IsDeadlineExceeded(refused)) CountExpired();
      Fail(refused);
      return;
    }
    call_.SetAlarm(services_.message_timeout);
  }
  call_.Read();
}

void UnaryCall::OnRead(bool ok, grpc::ByteBuffer message) {
  call_.CancelAlarm();
  if (finished_.load(std::memory_order_acquire)) return;
  if (!ok) {
    // The client has sent none, or has gone, or its message is over the receive limit (gRPC has then answered
    // RESOURCE_EXHAUSTED itself). Which of them is known when the call is done.
    no_message_ = ClaimFinish();
    if (no_message_) call_.Finish(ToCallStatus(NoMessage(), "").status);
    return;
  }
  message_ = std::move(message);
  message_bytes_ = message_.Length();
  handled_ = true;
  method_.Handle(std::shared_ptr<UnaryExchange>(call_.shared_from_this(), this));
}

void UnaryCall::OnAlarm() {
  if (handled_) return;
  Fail(WithReason(absl::DeadlineExceededError(absl::StrCat("the message did not arrive within ",
                                                           absl::FormatDuration(services_.message_timeout),
                                                           " of the call's headers")),
                  kReasonDeadline));
  admission_ = Admission();
}

void UnaryCall::OnDrain() {
  if (!handled_) Fail(WithReason(absl::UnavailableError("the server is draining"), kReasonDraining));
}

void UnaryCall::OnDone(bool cancelled) {
  const bool ended_unread =
      no_message_ || (cancelled && !handled_ && !finished_.load(std::memory_order_acquire));
  const absl::Status why = cancelled ? record_.CancelledOrExpired(call_.deadline()) : NoMessage();
  if (ended_unread && absl::IsCancelled(why)) services_.metrics->CountCancelled(Stage::kParse);
  if (ended_unread && absl::IsDeadlineExceeded(why)) CountExpired();
  if (no_message_) record_.End(why);
  if (cancelled) Fail(why);
}

void UnaryCall::CountExpired() {
  const bool is_short = call_.deadline() - record_.arrived() < services_.latency_objective;
  services_.metrics->CountDeadlineExceeded(is_short ? DeadlineBudget::kShort : DeadlineBudget::kLong);
}

void UnaryCall::OnFinished() {
  if (reply_started_ == MonotonicTime::InfiniteFuture()) return;
  services_.metrics->ObserveStage(Stage::kSend, services_.clock->Now() - reply_started_);
}

absl::Status UnaryCall::Parse(google::protobuf::Message& message) {
  const MonotonicTime start = services_.clock->Now();
  const absl::Status status = ParseMessage(std::exchange(message_, grpc::ByteBuffer()), message);
  services_.metrics->ObserveStage(Stage::kParse, services_.clock->Now() - start);
  return status;
}

TaskAttributes UnaryCall::Attributes() const { return AttributesOf(call_); }

void UnaryCall::Reply(const google::protobuf::Message& message) {
  if (!ClaimFinish()) return;
  reply_started_ = services_.clock->Now();
  record_.End(absl::OkStatus());
  call_.WriteAndFinish(SerializeMessage(message), grpc::Status::OK);
}

bool UnaryCall::TryFail(const absl::Status& error) {
  if (!ClaimFinish()) return false;
  cancellation_->Cancel();
  const CallStatus call_status = ToCallStatus(error, IsHidden(error) ? record_.RequestId() : std::string());
  record_.End(error);
  if (call_status.retry_pushback_ms) {
    call_.AddTrailingMetadata(kRetryPushbackKey, *call_status.retry_pushback_ms);
  }
  call_.Finish(call_status.status);
  return true;
}

}  // namespace edgenext::serving
