#ifndef SERVER_SIMULATE_SIMULATION_H_
#define SERVER_SIMULATE_SIMULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/simulate/fleet.h"
#include "server/simulate/result.h"
#include "server/simulate/service_model.h"
#include "server/simulate/serving_policy.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {

struct SimulationOptions {
  ServingPolicy::Options policy;
  ServiceModel service;
  Fleet::Options fleet;
  int attempts = 1;  // that a client makes at most for a request
  // What clients wait, doubled each time and spread over 0 to it, where a server does not tell them.
  absl::Duration backoff = absl::Milliseconds(100);
  std::vector<std::string> clients = {""};  // the keys of Arrival::client
  absl::Duration duration = absl::Seconds(60);
  absl::Duration warm_up = absl::ZeroDuration();  // requests that arrive within it are not counted
  absl::Duration interval = absl::Seconds(1);     // of the timeline
  uint64_t seed = 1;
};

// Serves what `arrivals` gives for `duration` and then lets it finish. The same options and arrivals give the
// same result. Single-threaded, with no clock but its own.
SimulationResult Simulate(const SimulationOptions& options, ArrivalSource& arrivals);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_SIMULATION_H_
