#include "server/rpc/classify_stream_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/classify.h"
#include "server/rpc/client.h"
#include "server/rpc/message_codec.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

// What a stream gets on a connection that is old already, whose client has not heard so.
constexpr absl::Duration kShortestStream = absl::Seconds(1);

}  // namespace

ClassifyStreamCall::~ClassifyStreamCall() {
  if (counts_as_open_) services_.pipeline->admission().CloseCall();
}

void ClassifyStreamCall::OnHeaders() {
  const auto model = services_.pipeline->FindModel("", "");
  if (model.ok()) record_.SetModel(*model);
  absl::Status refused = model.status();
  attributes_ = AttributesOf(call_, services_);
  if (refused.ok()) refused = call_.CheckConnection();
  if (refused.ok()) refused = Open();
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (finished_) return;
    if (refused.ok()) {
      call_.AddInitialMetadata(kStreamWindowKey, absl::StrCat(services_.stream_window));
      writing_ = true;
      call_.SendInitialMetadata();
      const absl::Duration until_old = call_.connection_old_at() - services_.clock->Now();
      if (until_old < absl::InfiniteDuration()) {
        call_.SetAlarm(until_old > absl::ZeroDuration() ? until_old : kShortestStream, kConnectionOld);
      }
    } else {
      EndWith(refused);
    }
  }
  WantNext();
}

absl::Status ClassifyStreamCall::Open() {
  EDGENEXT_RETURN_IF_ERROR(services_.pipeline->admission().OpenCall());
  counts_as_open_ = true;
  return services_.pipeline->admission().Admit(RequestFor(attributes_, 0, 0)).status();
}

void ClassifyStreamCall::WantNext() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (!takes_more() || reading_ || unanswered_ >= services_.stream_window) return;
    reading_ = true;
  }
  AdmissionController& controller = services_.pipeline->admission();
  const size_t bytes = std::min(MaxClassifyMessageBytes(services_), controller.limits().max_inflight_bytes);
  absl::StatusOr<Admission> room = controller.Admit(RequestFor(attributes_, 0, bytes));
  if (!room.ok() || room->bytes() > 0) return OnRoom(std::move(room));
  const AdmissionController::WaitId wait = controller.AwaitBytes(
      *std::move(room), bytes,
      [self = shared()](absl::StatusOr<Admission> admitted) { self->OnRoom(std::move(admitted)); });
  OnWait(wait);
}

void ClassifyStreamCall::OnRoom(absl::StatusOr<Admission> room) {
  std::lock_guard<std::mutex> lock(mu_);
  if (room.ok() && takes_more()) {
    room_ = *std::move(room);
    if (idle()) BeginIdle();
    call_.Read();
    return;
  }
  reading_ = false;
  if (!room.ok()) EndWith(room.status());
}

void ClassifyStreamCall::OnRead(bool ok, grpc::ByteBuffer message) {
  Admission room;
  {
    std::lock_guard<std::mutex> lock(mu_);
    room = std::move(room_);
    if (offer_) services_.pipeline->admission().Withdraw(*std::exchange(offer_, absl::nullopt));
    if (finished_) return;
    if (!ok) {
      half_closed_ = true;
      // A drain loses the client nothing: it has sent all, and all of it will be answered.
      if (ends_with_ && absl::IsUnavailable(*ends_with_)) ends_with_.reset();
      FinishIfDone();
      return;
    }
    ++unanswered_;
    ++computing_;
    has_read_ = true;
  }
  TakeImage(message, std::move(room));
}

void ClassifyStreamCall::BeginIdle() {
  idle_since_ = services_.clock->Now();
  if (!std::exchange(idle_alarm_set_, true)) call_.SetAlarm(services_.stream_idle_time, kIdle);
}

void ClassifyStreamCall::OnAlarm(int alarm) {
  if (alarm == kIdle) return OfferIdleRoom();
  std::lock_guard<std::mutex> lock(mu_);
  if (!half_closed_)
    EndWith(WithReason(absl::UnavailableError("the connection is old, open another"), kReasonDraining));
}

void ClassifyStreamCall::OfferIdleRoom() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    idle_alarm_set_ = false;
    if (!takes_more() || !idle()) return;
    const absl::Duration left = idle_since_ + services_.stream_idle_time - services_.clock->Now();
    if (left > absl::ZeroDuration()) {
      idle_alarm_set_ = true;
      call_.SetAlarm(left, kIdle);
      return;
    }
  }
  // Nothing is read meanwhile: alarms and reads end on the same thread.
  const AdmissionController::OfferId offer =
      services_.pipeline->admission().OfferBytes([self = shared()] { self->GiveRoomBack(); });
  std::lock_guard<std::mutex> lock(mu_);
  offer_ = offer;
}

void ClassifyStreamCall::GiveRoomBack() {
  Admission room;
  std::lock_guard<std::mutex> lock(mu_);
  if (!takes_more() || !idle()) return;
  room = std::move(room_);
  if (writing_) call_.Break();  // the client takes no answers
  EndWith(WithReason(absl::UnavailableError("the stream was idle and others needed its room, open another"),
                     kReasonStreamIdle));
}

void ClassifyStreamCall::OnWait(AdmissionController::WaitId wait) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    wait_ = std::max(wait_, wait);  // it may have ended, and the next begun
    if (!finished_ && !broken_) return;
  }
  StopWaiting();  // whoever ended the stream did not know of this wait
}

void ClassifyStreamCall::StopWaiting() {
  AdmissionController::WaitId wait = 0;
  {
    std::lock_guard<std::mutex> lock(mu_);
    wait = wait_;
  }
  services_.pipeline->admission().EndWait(wait, absl::CancelledError("the stream has ended"));
}

absl::StatusOr<MonotonicTime> ClassifyStreamCall::Deadline(const v1::ClassifyStreamRequest& request) const {
  if (!request.has_timeout()) return call_.deadline();
  const absl::Duration timeout =
      absl::Seconds(request.timeout().seconds()) + absl::Nanoseconds(request.timeout().nanos());
  if (timeout < absl::ZeroDuration()) {
    return WithField(absl::InvalidArgumentError(
                         absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", expected 0 or more")),
                     "timeout");
  }
  return std::min(call_.deadline(), services_.clock->Now() + timeout);
}

void ClassifyStreamCall::TakeImage(grpc::ByteBuffer message, Admission room) {
  const auto record = std::make_shared<CallRecord>(services_, Method::kClassifyStream);
  const auto request = std::make_shared<v1::ClassifyStreamRequest>();
  const size_t bytes = message.Length();
  const absl::Status size_checked = CheckMessageSize(bytes, MaxClassifyMessageBytes(services_));
  const MonotonicTime start = services_.clock->Now();
  const absl::Status parsed = ParseMessage(message, *request);
  services_.metrics->ObserveStage(Stage::kParse, services_.clock->Now() - start);
  if (!parsed.ok()) {
    record->End(parsed);
    std::lock_guard<std::mutex> lock(mu_);
    --unanswered_;
    --computing_;
    EndWith(parsed);
    return;
  }
  record->SetRequestId(request->request().request_id());
  auto model = services_.pipeline->FindModel(request->request().model(), request->request().model_version());
  record->SetModel(model.ok() ? *model : nullptr);
  ClassifyJob job;
  job.request = std::shared_ptr<const v1::ClassifyRequest>(request, &request->request());
  job.message_bytes = bytes;
  job.done = [self = shared(), record, id = request->id()](absl::StatusOr<v1::ClassifyResponse> response) {
    self->Answer(id, *record, response);
  };
  const absl::StatusOr<MonotonicTime> deadline = Deadline(*request);
  for (const absl::Status& status : {size_checked, model.status(), deadline.status()}) {
    if (status.ok()) continue;
    room = Admission();
    return OnAdmitted(status, std::move(job));
  }
  job.model = *std::move(model);
  job.attributes = attributes_;
  job.attributes.deadline = *deadline;
  job.cancellation = cancellation_;

  if (request->request().priority() == v1::BULK) job.attributes.task_class = TaskClass::kBulk;

  const absl::Status cut = room.Settle(RequestFor(job.attributes, 0, bytes));
  if (!cut.ok()) return OnAdmitted(cut, std::move(job));
  const AdmissionRequest place = RequestFor(job.attributes, 1, bytes);
  const AdmissionController::WaitId wait = services_.pipeline->admission().AwaitPlaces(
      std::move(room), place,
      [self = shared(), held = std::make_shared<ClassifyJob>(std::move(job))](
          absl::StatusOr<Admission> admitted) { self->OnAdmitted(std::move(admitted), std::move(*held)); });
  OnWait(wait);
}

void ClassifyStreamCall::OnAdmitted(absl::StatusOr<Admission> admission, ClassifyJob job) {
  if (admission.ok()) {
    job.admission = *std::move(admission);
    StartClassify(services_, std::move(job));
  } else {
    job.done(admission.status());
  }
  {
    std::lock_guard<std::mutex> lock(mu_);
    reading_ = false;
  }
  WantNext();
}

void ClassifyStreamCall::Answer(uint64_t id, CallRecord& record,
                                const absl::StatusOr<v1::ClassifyResponse>& response) {
  v1::ClassifyStreamResponse answer;
  answer.set_id(id);
  if (response.ok()) {
    *answer.mutable_response() = *response;
  } else {
    *answer.mutable_error() = ToRpcStatus(response.status(), record.RequestId());
  }
  record.End(response.status());
  const grpc::ByteBuffer message = SerializeMessage(answer);

  std::lock_guard<std::mutex> lock(mu_);
  --computing_;
  if (finished_ || broken_) return;
  if (idle()) BeginIdle();
  answers_.push_back(message);
  if (!writing_) WriteNext();
}

void ClassifyStreamCall::WriteNext() {
  writing_ = true;
  call_.Write(answers_.front());
  answers_.pop_front();
}

void ClassifyStreamCall::OnWritten(bool ok) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    writing_ = false;
    if (std::exchange(greeted_, true)) --unanswered_;
    if (finished_) return;
    if (ok && !broken_ && !answers_.empty()) WriteNext();
    FinishIfDone();
  }
  if (ok) WantNext();
}

void ClassifyStreamCall::OnDone(bool cancelled) {
  if (cancelled) {
    cancellation_->Cancel();
    std::lock_guard<std::mutex> lock(mu_);
    broken_ = true;
    const absl::Status why = record_.CancelledOrExpired(call_.deadline());
    // The Read's end, which comes first, looked as if the client had sent all.
    if (finished_ && !has_read_ && !std::exchange(counted_, true)) record_.End(why);
    EndWith(why);
  }
  StopWaiting();
}

void ClassifyStreamCall::OnDrain() {
  std::lock_guard<std::mutex> lock(mu_);
  if (!half_closed_) EndWith(WithReason(absl::UnavailableError("the server is draining"), kReasonDraining));
}

bool ClassifyStreamCall::OnAbort(const absl::Status& why) {
  cancellation_->Cancel();
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (finished_ || broken_) return false;
    broken_ = true;
    if (writing_) call_.Break();
    EndWith(why);
  }
  StopWaiting();
  return true;
}

void ClassifyStreamCall::EndWith(const absl::Status& status) {
  if (!ends_with_) ends_with_ = status;
  FinishIfDone();
}

void ClassifyStreamCall::FinishIfDone() {
  const bool all_answered = unanswered_ == 0 && answers_.empty() && (half_closed_ || ends_with_);
  if (finished_ || writing_ || !(all_answered || broken_)) return;
  finished_ = true;
  const absl::Status status = ends_with_.value_or(absl::OkStatus());
  if (!status.ok() && !has_read_ && !std::exchange(counted_, true)) record_.End(status);
  call_.Finish(status);
}

}  // namespace edgenext::serving
