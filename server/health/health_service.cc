#include "server/health/health_service.h"

#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"

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

// One Watch stream. Writes one message at a time; what changes meanwhile is kept, the latest only. Deletes
// itself.
class WatchStream final : public grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  WatchStream(std::shared_ptr<HealthState> state, absl::string_view name) : state_(std::move(state)) {
    const absl::StatusOr<int> watcher = state_->AddWatcher(name, [this](Health health) { Tell(health); });
    if (!watcher.ok()) {
      Close(grpc::Status(static_cast<grpc::StatusCode>(watcher.status().code()),
                         std::string(watcher.status().message())));
      return;
    }
    // The stream may have been closed in between, but it cannot be deleted before this constructor has
    // returned.
    watcher_ = *watcher;
  }

 private:
  // Called with the HealthState's lock held.
  void Tell(Health health) {
    if (health == Health::kClosed) {
      Close(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is stopping"));
      return;
    }
    std::lock_guard<std::mutex> lock(mu_);
    if (finished_) return;
    next_ = health;
    if (!writing_) WriteNext();
  }

  void WriteNext() {
    message_.set_status(ToServingStatus(*next_));
    next_.reset();
    writing_ = true;
    StartWrite(&message_);
  }

  void Close(const grpc::Status& status) {
    std::lock_guard<std::mutex> lock(mu_);
    if (std::exchange(finished_, true)) return;
    Finish(status);
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mu_);
    writing_ = false;
    if (ok && !finished_ && next_) WriteNext();
  }

  void OnCancel() override { Close(grpc::Status::CANCELLED); }

  void OnDone() override {
    state_->RemoveWatcher(watcher_);
    delete this;
  }

  const std::shared_ptr<HealthState> state_;
  int watcher_ = 0;  // written before any reaction can run
  std::mutex mu_;    // taken after the HealthState's
  // guarded by mu_
  HealthCheckResponse message_;
  absl::optional<Health> next_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace

HealthService::HealthService(Lifecycle* lifecycle, int max_watches)
    : state_(std::make_shared<HealthState>(max_watches)) {
  lifecycle->Observe([state = state_](ServerState server) { state->SetServerState(server); });
}

HealthService::~HealthService() { Shutdown(); }

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context,
                                               const HealthCheckRequest* request,
                                               HealthCheckResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Health health = state_->Of(request->service());
  if (health == Health::kUnknownName) {
    reactor->Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such health name"));
  } else {
    response->set_status(ToServingStatus(health));
    reactor->Finish(grpc::Status::OK);
  }
  return reactor;
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(grpc::CallbackServerContext* /*context*/,
                                                                    const HealthCheckRequest* request) {
  return new WatchStream(state_, request->service());
}

}  // namespace edgenext::serving
