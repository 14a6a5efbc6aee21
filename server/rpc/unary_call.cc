#include "server/rpc/unary_call.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "server/pipeline/admission_status.h"
#include "server/rpc/client.h"
#include "server/rpc/message_codec.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {

namespace {

absl::Status NoMessage() { return absl::InvalidArgumentError("the call has no message"); }

}  // namespace

UnaryCall::~UnaryCall() {
  if (counts_as_open_) services_.pipeline->admission().CloseCall();
}

void UnaryCall::OnHeaders() {
  if (const absl::optional<size_t> bytes = method_.reservation()) {
    Admit(*bytes);
  } else {
    call_.Read();
  }
}

void UnaryCall::Admit(size_t bytes) {
  AdmissionController& controller = services_.pipeline->admission();
  absl::StatusOr<std::shared_ptr<const ServedModel>> model = services_.pipeline->FindModel("", "");
  if (!model.ok()) return RefuseAtOnce(model.status());
  record_.SetModel(*std::move(model));
  if (const absl::Status spare = call_.CheckConnection(); !spare.ok()) return RefuseAtOnce(spare);
  const absl::Status opened = controller.OpenCall();
  if (!opened.ok()) return RefuseAtOnce(opened);
  counts_as_open_ = true;

  attributes_ = AttributesOf(call_, services_);
  const size_t reserved = std::min(bytes, controller.limits().max_inflight_bytes);
  absl::StatusOr<Admission> admission = controller.Admit(RequestFor(attributes_, 1, reserved));
  if (!admission.ok()) return RefuseAtOnce(admission.status());
  if (admission->bytes() == reserved) return OnAdmitted(std::move(admission));
  // The alarm first: once the wait has begun it may end at any time, on any thread.
  call_.SetAlarm(services_.room_timeout, kRoomTimeout);
  wait_ = controller.AwaitBytes(
      *std::move(admission), reserved,
      [self = std::shared_ptr<UnaryCall>(call_.shared_from_this(), this)](
          absl::StatusOr<Admission> admitted) { self->OnAdmitted(std::move(admitted)); });
}

void UnaryCall::OnAdmitted(absl::StatusOr<Admission> admission) {
  if (!admission.ok()) return Refuse(admission.status());
  admission_ = *std::move(admission);
  call_.SetAlarm(services_.message_timeout, kMessageTimeout);
  call_.Read();
}

void UnaryCall::Refuse(const absl::Status& why) {
  if (TryFail(why) && absl::IsDeadlineExceeded(why)) CountExpired();
}

void UnaryCall::RefuseAtOnce(const absl::Status& why) {
  Refuse(why);
  services_.metrics->ObserveRefusal(services_.clock->Now() - record_.arrived());
}

void UnaryCall::OnRead(bool ok, grpc::ByteBuffer message) {
  call_.CancelAlarms();
  if (finished_.load(std::memory_order_acquire)) return;
  if (!ok) {
    // The client has sent none, or has gone, or its message is over the receive limit (gRPC has then answered
    // RESOURCE_EXHAUSTED itself). Which of them is known when the call is done.
    no_message_ = ClaimFinish();
    if (no_message_) call_.Finish(NoMessage());
    return;
  }
  message_ = std::move(message);
  message_bytes_ = message_.Length();
  handled_ = true;
  method_.Handle(std::shared_ptr<UnaryExchange>(call_.shared_from_this(), this));
}

void UnaryCall::OnAlarm(int alarm) {
  if (alarm == kRoomTimeout) {
    AdmissionController& controller = services_.pipeline->admission();
    controller.EndWait(wait_,
                       OverloadedStatus("no bytes of the budget became free", controller.RetryDelay()));
    return;
  }
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
  if (!cancelled) return;
  Fail(why);
  services_.pipeline->admission().EndWait(wait_, why);
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
  // No more memory for integers than the largest message's.
  const absl::Status status = ParseMessage(std::exchange(message_, grpc::ByteBuffer()), message,
                                           services_.max_receive_bytes / sizeof(uint32_t));
  services_.metrics->ObserveStage(Stage::kParse, services_.clock->Now() - start);
  return status;
}

void UnaryCall::Reply(const google::protobuf::Message& message) {
  if (!ClaimFinish()) return;
  reply_started_ = services_.clock->Now();
  record_.End(absl::OkStatus());
  call_.WriteAndFinish(SerializeMessage(message));
}

bool UnaryCall::TryFail(const absl::Status& error) {
  if (!ClaimFinish()) return false;
  cancellation_->Cancel();
  record_.End(error);
  call_.Finish(error, IsHidden(error) ? record_.RequestId() : std::string());
  return true;
}

}  // namespace edgenext::serving
