#include "server/rpc/health_call.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "grpc/health/v1/health.pb.h"
#include "model/base/error_reason.h"
#include "server/rpc/message_codec.h"

namespace edgenext::serving {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// `health` as the protocol says it; kClosed has no such form.
HealthCheckResponse::ServingStatus ToServingStatus(Health health) {
  switch (health) {
    case Health::kServing:
      return HealthCheckResponse::SERVING;
    case Health::kNotServing:
      return HealthCheckResponse::NOT_SERVING;
    case Health::kUnknownName:
      return HealthCheckResponse::SERVICE_UNKNOWN;
    case Health::kClosed:
      break;
  }
  return HealthCheckResponse::UNKNOWN;
}

grpc::ByteBuffer Message(Health health) {
  HealthCheckResponse response;
  response.set_status(ToServingStatus(health));
  return SerializeMessage(response);
}

absl::Status StoppingStatus() {
  return WithReason(absl::UnavailableError("the server is stopping"), kReasonDraining);
}

}  // namespace

void HealthCall::OnHeaders() {
  call_.SetAlarm(services_.message_timeout);
  call_.Read();
}

void HealthCall::OnRead(bool ok, grpc::ByteBuffer message) {
  call_.CancelAlarms();
  HealthCheckRequest request;
  const absl::Status parsed =
      ok ? ParseMessage(std::move(message), request) : absl::InvalidArgumentError("the call has no message");
  if (!parsed.ok()) {
    EndWith(parsed);
    return;
  }
  {
    // The client may have gone meanwhile, and nobody would take the watcher away again.
    std::lock_guard<std::mutex> lock(mu_);
    if (ends_with_) return;
    asked_ = true;
  }
  if (kind_ == Kind::kCheck) {
    Check(request.service());
  } else {
    Watch(request.service());
  }
}

void HealthCall::Check(const std::string& name) {
  const Health health = services_.health->Of(name);
  if (health == Health::kUnknownName) {
    EndWith(absl::NotFoundError("no such health name"));
    return;
  }
  std::lock_guard<std::mutex> lock(mu_);
  if (std::exchange(finished_, true)) return;
  call_.WriteAndFinish(Message(health));
}

void HealthCall::Watch(const std::string& name) {
  const absl::StatusOr<int> watcher =
      services_.health->AddWatcher(name, [this](Health health) { Tell(health); });
  if (watcher.ok()) {
    watcher_ = *watcher;
  } else {
    EndWith(watcher.status());
  }
}

void HealthCall::Tell(Health health) {
  if (health == Health::kClosed) {
    EndWith(StoppingStatus());
    return;
  }
  std::lock_guard<std::mutex> lock(mu_);
  if (finished_ || ends_with_) return;
  next_ = health;
  if (!writing_) WriteNext();
}

void HealthCall::WriteNext() {
  writing_ = true;
  call_.Write(Message(*std::exchange(next_, absl::nullopt)));
}

void HealthCall::OnWritten(bool ok) {
  std::lock_guard<std::mutex> lock(mu_);
  writing_ = false;
  if (ok && next_) {
    WriteNext();
  } else {
    FinishIfDone();
  }
}

void HealthCall::OnAlarm(int /*alarm*/) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (asked_) return;
  }
  EndWith(WithReason(absl::DeadlineExceededError("the message did not arrive in time"), kReasonDeadline));
}

void HealthCall::OnDone(bool cancelled) {
  if (watcher_ != 0) services_.health->RemoveWatcher(watcher_);
  if (cancelled) EndWith(absl::CancelledError("the client cancelled the call"));
}

void HealthCall::OnDrain() { EndWith(StoppingStatus()); }

bool HealthCall::OnAbort(const absl::Status& why) {
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (writing_) call_.Break();
  }
  return EndWith(why);
}

bool HealthCall::EndWith(const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mu_);
  if (finished_ || ends_with_) return false;
  ends_with_ = status;
  FinishIfDone();
  return true;
}

void HealthCall::FinishIfDone() {
  if (finished_ || writing_ || !ends_with_) return;
  finished_ = true;
  call_.Finish(*ends_with_);
}

}  // namespace edgenext::serving
