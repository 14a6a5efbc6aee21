#include "server/rpc/health_call.h"

#include <string>

#include "absl/status/status.h"
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

}  // namespace

void HealthCall::OnHeaders() {
  call_.SetAlarm(services_.message_timeout);
  call_.Read();
}

void HealthCall::OnRead(bool ok, grpc::ByteBuffer message) {
  call_.CancelAlarms();
  HealthCheckRequest request;
  const absl::Status parsed =
      ok ? ParseMessage(message, request) : absl::InvalidArgumentError("the call has no message");
  if (!parsed.ok()) {
    EndWith(parsed);
    return;
  }
  {
    // The client may have gone meanwhile, and nobody would take the watcher away again.
    std::lock_guard<std::mutex> lock(mu_);
    if (ending()) return;
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
  } else {
    EndWithMessage(Message(health));
  }
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
  if (ending()) return;
  next_ = health;
  if (!writing()) WriteNext();
}

void HealthCall::WriteNext() { Write(Message(*std::exchange(next_, absl::nullopt))); }

void HealthCall::OnWritten(bool ok) {
  std::lock_guard<std::mutex> lock(mu_);
  if (ok && next_) {
    WriteNext();
  } else {
    EndWrite();
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
  EndingCall::OnDone(cancelled);
}

}  // namespace edgenext::serving
