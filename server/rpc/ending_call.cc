#include "server/rpc/ending_call.h"

#include "model/base/error_reason.h"

namespace edgenext::serving {

absl::Status StoppingStatus() {
  return WithReason(absl::UnavailableError("the server is stopping"), kReasonDraining);
}

void EndingCall::OnWritten(bool /*ok*/) {
  std::lock_guard<std::mutex> lock(mu_);
  EndWrite();
}

void EndingCall::OnDone(bool cancelled) {
  if (cancelled) EndWith(absl::CancelledError("the client cancelled the call"));
}

void EndingCall::OnDrain() { EndWith(StoppingStatus()); }

bool EndingCall::OnAbort(const absl::Status& why) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (writing_) call_.Break();
  }
  return EndWith(why);
}

bool EndingCall::EndWith(const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mu_);
  if (ending()) return false;
  ends_with_ = status;
  FinishIfDone();
  return true;
}

void EndingCall::EndWithMessage(const grpc::ByteBuffer& message) {
  std::lock_guard<std::mutex> lock(mu_);
  if (ending()) return;
  finished_ = true;
  call_.WriteAndFinish(message);
}

void EndingCall::Write(const grpc::ByteBuffer& message) {
  writing_ = true;
  call_.Write(message);
}

void EndingCall::EndWrite() {
  writing_ = false;
  FinishIfDone();
}

void EndingCall::FinishIfDone() {
  if (finished_ || writing_ || !ends_with_) return;
  finished_ = true;
  call_.Finish(*ends_with_);
}

}  // namespace edgenext::serving
