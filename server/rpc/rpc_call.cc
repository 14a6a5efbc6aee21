#include "server/rpc/rpc_call.h"

#include <grpc/support/time.h>

#include <utility>

#include "absl/time/time.h"
#include "model/base/error_reason.h"

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
  alive_ = call_.shared_from_this();
  call_.pending_.fetch_add(1, std::memory_order_relaxed);
  return this;
}

void RpcCall::Tag::OnComplete(bool ok) {
  const std::shared_ptr<RpcCall> alive = std::move(alive_);
  (call_.*event_)(ok);
  call_.Leave();
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
      finish_tag_(*this, &RpcCall::OnFinished),
      alarm_tag_(*this, &RpcCall::OnAlarm) {}

void RpcCall::Arm(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
                  CallRegistry& registry, const ArrivalHandler& on_arrival) {
  const std::shared_ptr<RpcCall> call(new RpcCall(queue, registry, on_arrival));
  registry.Add(call);
  call->pending_.fetch_add(1, std::memory_order_relaxed);  // the right to start operations
  // AsyncNotifyWhenDone has to come before the request.
  call->context_.AsyncNotifyWhenDone(call->done_tag_.Start());
  service.RequestCall(&call->context_, &call->stream_, &queue, &queue, call->arrived_tag_.Start());
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

void RpcCall::OnAlarm(bool ok) {
  if (ok) handler()->OnAlarm();
}

void RpcCall::AddInitialMetadata(const std::string& key, const std::string& value) {
  context_.AddInitialMetadata(key, value);
}

void RpcCall::AddTrailingMetadata(const std::string& key, const std::string& value) {
  context_.AddTrailingMetadata(key, value);
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

void RpcCall::SetAlarm(absl::Duration delay) {
  std::lock_guard<std::mutex> lock(mu_);
  if (finishing_) return;
  alarm_set_ = true;
  alarm_.Set(&queue_,
             gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                          gpr_time_from_millis(absl::ToInt64Milliseconds(delay), GPR_TIMESPAN)),
             alarm_tag_.Start());
}

void RpcCall::CancelAlarm() {
  std::lock_guard<std::mutex> lock(mu_);
  if (alarm_set_) alarm_.Cancel();
}

void RpcCall::Finish(const grpc::Status& status) {
  std::lock_guard<std::mutex> lock(mu_);
  finishing_ = true;
  if (alarm_set_) alarm_.Cancel();
  stream_.Finish(status, finish_tag_.Start());
}

void RpcCall::WriteAndFinish(const grpc::ByteBuffer& message, const grpc::Status& status) {
  std::lock_guard<std::mutex> lock(mu_);
  finishing_ = true;
  if (alarm_set_) alarm_.Cancel();
  stream_.WriteAndFinish(message, grpc::WriteOptions(), status, finish_tag_.Start());
}

}  // namespace edgenext::serving
