#include "server/rpc/rpc_call.h"

#include <grpc/support/time.h>

#include <utility>

#include "absl/time/time.h"
#include "model/base/error_reason.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

// gRPC gives the deadline on its own monotonic clock, which is the one of Clock::Real; an absent one is
// infinite.
MonotonicTime ToMonotonicTime(gpr_timespec time) {
  if (gpr_time_cmp(time, gpr_inf_future(time.clock_type)) == 0) return MonotonicTime::InfiniteFuture();
  const gpr_timespec monotonic = gpr_convert_clock_type(time, GPR_CLOCK_MONOTONIC);
  return MonotonicTime::FromDuration(absl::Seconds(monotonic.tv_sec) + absl::Nanoseconds(monotonic.tv_nsec));
}

// When to ask again over a connection for which there was no room.
constexpr absl::Duration kConnectionRetryDelay = absl::Seconds(1);

}  // namespace

RpcCall::Tag* RpcCall::Tag::Start() {
  alive_ = call_.Enter();
  return this;
}

void RpcCall::Tag::OnComplete(bool ok) {
  const std::shared_ptr<RpcCall> alive = std::move(alive_);
  (call_.*event_)(ok);
  call_.Leave();
}

void RpcCall::Alarm::Set(absl::Duration delay) {
  alive_ = call_.Enter();
  timer_.Set(&call_.queue_,
             gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                          gpr_time_from_millis(absl::ToInt64Milliseconds(delay), GPR_TIMESPAN)),
             this);
}

void RpcCall::Alarm::OnComplete(bool ok) {
  const std::shared_ptr<RpcCall> alive = std::move(alive_);
  if (ok) alive->handler()->OnAlarm(alarm_);
  alive->Forget(this);
  alive->Leave();
}

RpcCall::RpcCall(grpc::ServerCompletionQueue& queue, CallRegistry& registry, const ArrivalHandler& on_arrival)
    : queue_(queue),
      registry_(registry),
      on_arrival_(on_arrival),
      stream_(&context_),
      arrived_tag_(*this, &RpcCall::OnArrived),
      done_tag_(*this, &RpcCall::OnDone),
      read_tag_(*this, &RpcCall::OnRead),
      write_tag_(*this, &RpcCall::OnWritten),
      finish_tag_(*this, &RpcCall::OnFinished) {}

void RpcCall::Arm(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
                  CallRegistry& registry, const ArrivalHandler& on_arrival) {
  const std::shared_ptr<RpcCall> call(new RpcCall(queue, registry, on_arrival));
  registry.Add(call);
  call->pending_.fetch_add(1, std::memory_order_relaxed);  // the right to start operations
  // AsyncNotifyWhenDone has to come before the request.
  call->context_.AsyncNotifyWhenDone(call->done_tag_.Start());
  service.RequestCall(&call->context_, &call->stream_, &queue, &queue, call->arrived_tag_.Start());
}

std::shared_ptr<RpcCall> RpcCall::Enter() {
  pending_.fetch_add(1, std::memory_order_relaxed);
  return shared_from_this();
}

void RpcCall::Leave() {
  if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) registry_.Remove(this);
}

void RpcCall::OnArrived(bool ok) {
  if (!ok) {
    // The server stops. No call has started, so the done tag does not come.
    done_tag_.Forget();
    Leave();
    Leave();
    return;
  }
  deadline_ = ToMonotonicTime(context_.raw_deadline());
  peer_ = context_.peer();
  owned_handler_ = on_arrival_(*this);
  handler_.store(owned_handler_.get(), std::memory_order_release);
  owned_handler_->OnHeaders();
}

absl::Status RpcCall::CheckConnection() const {
  if (connection_ == nullptr || !connection_->in_reserve) return absl::OkStatus();
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError(
                     "the server has too many connections, and answers health checks only on this one"),
                 kReasonOverloaded),
      kConnectionRetryDelay);
}

void RpcCall::OnDone(bool /*ok*/) { handler()->OnDone(context_.IsCancelled()); }

void RpcCall::OnRead(bool ok) { handler()->OnRead(ok, std::exchange(message_, grpc::ByteBuffer())); }

void RpcCall::OnWritten(bool ok) { handler()->OnWritten(ok); }

void RpcCall::OnFinished(bool /*ok*/) {
  handler()->OnFinished();
  Leave();
}

absl::optional<absl::string_view> RpcCall::Metadata(const std::string& key) const {
  const auto& metadata = context_.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return absl::nullopt;
  return absl::string_view(found->second.data(), found->second.size());
}

void RpcCall::AddInitialMetadata(const std::string& key, const std::string& value) {
  context_.AddInitialMetadata(key, value);
}

void RpcCall::SendInitialMetadata() {
  std::lock_guard<std::mutex> lock(mu_);
  if (!finishing_) stream_.SendInitialMetadata(write_tag_.Start());
}

void RpcCall::Read() {
  std::lock_guard<std::mutex> lock(mu_);
  if (!finishing_) stream_.Read(&message_, read_tag_.Start());
}

void RpcCall::Write(const grpc::ByteBuffer& message) {
  std::lock_guard<std::mutex> lock(mu_);
  if (!finishing_) stream_.Write(message, write_tag_.Start());
}

void RpcCall::SetAlarm(absl::Duration delay, int alarm) {
  std::lock_guard<std::mutex> lock(mu_);
  if (finishing_) return;
  alarms_.emplace_back(*this, alarm);
  alarms_.back().Set(delay);
}

void RpcCall::Forget(const Alarm* alarm) {
  std::lock_guard<std::mutex> lock(mu_);
  alarms_.remove_if([alarm](const Alarm& other) { return &other == alarm; });
}

void RpcCall::CancelAlarms() {
  std::lock_guard<std::mutex> lock(mu_);
  for (Alarm& alarm : alarms_) alarm.Cancel();
}

void RpcCall::Finish(const absl::Status& status, absl::string_view request_id) {
  const CallStatus end = ToCallStatus(status, request_id, deadline_ - Clock::Real().Now());
  std::lock_guard<std::mutex> lock(mu_);
  finishing_ = true;
  if (end.retry_pushback_ms) context_.AddTrailingMetadata(kRetryPushbackKey, *end.retry_pushback_ms);
  for (Alarm& alarm : alarms_) alarm.Cancel();
  stream_.Finish(end.status, finish_tag_.Start());
}

void RpcCall::WriteAndFinish(const grpc::ByteBuffer& message) {
  std::lock_guard<std::mutex> lock(mu_);
  finishing_ = true;
  for (Alarm& alarm : alarms_) alarm.Cancel();
  stream_.WriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK, finish_tag_.Start());
}

}  // namespace edgenext::serving
