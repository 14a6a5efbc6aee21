#ifndef SERVER_SERVER_H_
#define SERVER_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/base/clock.h"
#include "server/exit_code.h"
#include "server/health/health_state.h"
#include "server/http/http_server.h"
#include "server/lifecycle/lifecycle.h"
#include "server/machine/cgroup.h"
#include "server/machine/machine.h"
#include "server/memory_bound.h"
#include "server/metrics/metrics.h"
#include "server/net/listener.h"
#include "server/pipeline/classify_pipeline.h"
#include "server/rpc/rpc_server.h"
#include "server/server_options.h"
#include "server/stop_signals.h"

namespace edgenext::serving {

// The whole server: makes the rooms' objects, starts and stops them in order, and logs each step with its
// time.
//
//   bind the ports ──► answer probes and health ──► load the model ──► warm up ──► ready
//   signal ──► not ready, still serving for the drain delay ──► refuse ──► finish what was accepted ──►
//   stopped
//
// A signal during the start ends it after the step under way. Confined to the thread that made it.
class Server {
 public:
  // Called with the loaded model before it is served: what measures the server puts an executor of its own
  // there.
  using ModelHook = std::function<void(ServedModel& model)>;

  // StopSignals::Block has been called.
  Server(const ServerOptions& options, const Machine& machine, ModelHook on_model = nullptr);

  // Until the end: returns what the process exits with, having said why on standard error if it is a failure.
  ExitCode Run();

 private:
  // Chooses the limits that depend on memory.
  absl::Status PlanMemory();
  absl::Status Listen();
  absl::Status StartRpc(std::unique_ptr<Listener> listener);
  absl::Status LoadModel();
  void AnnounceReady();
  ExitCode Stop(bool was_ready);

  // How long a stop may take that `signal` asks for, without and with the watchdog's patience.
  absl::Duration DrainDelay(int signal) const;

  const ServerOptions options_;
  const Machine machine_;
  const ModelHook on_model_;  // may be null
  const int workers_;
  const std::vector<int> pinned_cpus_;  // one for each worker, or none
  const int latency_threads_;
  MemoryPlan memory_;
  Clock& clock_ = Clock::Real();
  const Cgroups cgroups_;

  Lifecycle lifecycle_;
  const std::unique_ptr<Metrics> metrics_;
  HealthState health_;
  StopSignals signals_;
  std::unique_ptr<ClassifyPipeline> pipeline_;
  std::unique_ptr<RpcServer> rpc_;
  std::unique_ptr<HttpServer> http_;
  std::string model_name_;
};

}  // namespace edgenext::serving

#endif  // SERVER_SERVER_H_
