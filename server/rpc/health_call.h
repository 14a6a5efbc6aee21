#ifndef SERVER_RPC_HEALTH_CALL_H_
#define SERVER_RPC_HEALTH_CALL_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/types/optional.h"
#include "server/health/health_state.h"
#include "server/rpc/ending_call.h"
#include "server/rpc/rpc_call.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {

// grpc.health.v1.Health/Check and /Watch, answered from the HealthState. Ours and not the library's, which
// says SERVING before a model is loaded. Check of an unknown name is NOT_FOUND; Watch of one says
// SERVICE_UNKNOWN and stays open. A Watch writes one message at a time: of what changes meanwhile the client
// hears the latest. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
class HealthCall final : public EndingCall {
 public:
  enum class Kind { kCheck, kWatch };

  HealthCall(RpcCall& call, Kind kind, const ServiceContext& services)
      : EndingCall(call), kind_(kind), services_(services) {}

  void OnHeaders() override;
  void OnRead(bool ok, grpc::ByteBuffer message) override;
  void OnWritten(bool ok) override;
  void OnAlarm(int alarm) override;
  void OnDone(bool cancelled) override;

 private:
  void Check(const std::string& name);
  void Watch(const std::string& name);
  // Called with the HealthState's lock held, which is taken before mu_.
  void Tell(Health health);
  void WriteNext();  // with mu_ held

  const Kind kind_;
  const ServiceContext& services_;
  int watcher_ = 0;  // used by the polling thread

  // guarded by mu_
  absl::optional<Health> next_;  // to be written
  bool asked_ = false;           // the message is there
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_HEALTH_CALL_H_
