#ifndef SERVER_HEALTH_HEALTH_SERVICE_H_
#define SERVER_HEALTH_HEALTH_SERVICE_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/health/health_state.h"
#include "server/lifecycle/lifecycle.h"

namespace edgenext::serving {

// grpc.health.v1.Health, driven by the Lifecycle; HealthState lists the names. Ours and not the library's,
// which says SERVING before a model is loaded. Served by gRPC's callback threads, so that a check does not
// wait behind inference. Thread-safe.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  // At most `max_watches` Watch streams at once; more are RESOURCE_EXHAUSTED.
  explicit HealthService(Lifecycle* lifecycle, int max_watches = 256);
  ~HealthService() override;

  // Makes `model/NAME` known.
  void AddModel(absl::string_view name) { state_->AddModel(name); }

  // Ends every Watch stream with UNAVAILABLE, and refuses new ones. Call it before grpc::Server::Shutdown,
  // which waits for every stream whatever its deadline is.
  void Shutdown() { state_->Close(); }

  // The protocol: Check of an unknown name is NOT_FOUND, Watch of one says SERVICE_UNKNOWN and stays open.
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context, const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  // Shared with the Lifecycle's observer and the open streams.
  const std::shared_ptr<HealthState> state_;
};

}  // namespace edgenext::serving

#endif  // SERVER_HEALTH_HEALTH_SERVICE_H_
