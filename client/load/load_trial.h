#ifndef CLIENT_LOAD_LOAD_TRIAL_H_
#define CLIENT_LOAD_LOAD_TRIAL_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/load/arrivals.h"
#include "client/load/figures.h"
#include "client/load/load_options.h"
#include "client/load/payloads.h"
#include "client/load/sender_thread.h"
#include "client/load/server_cost.h"
#include "grpcpp/grpcpp.h"

namespace edgenext {

// What trials share. All of it outlives them.
struct TrialSetup {
  LoadOptions options;
  absl::StatusOr<Payloads> payloads;
  std::vector<std::shared_ptr<grpc::Channel>> channels;  // connected
  std::vector<Arrival> trace;
  // HOST:PORT of /metrics; empty for none.
  std::string metrics_address;
  // Becomes true to end a trial early; what it measured until then counts.
  const std::atomic<bool>* stopped = nullptr;
};

// What can be said of a trial while it runs.
struct LiveView {
  absl::Duration elapsed;
  absl::Duration total;  // warm-up included
  absl::Duration warm_up;
  absl::Duration period;       // since the view before
  std::vector<Sample> recent;  // that ended in it
  int in_flight = 0;
};

struct Trial {
  Figures figures;
  absl::StatusOr<ServerCost> cost;  // UNAVAILABLE and the like: why it is not known
};

// How long a trial lasts, warm-up included.
absl::Duration TrialLength(const TrialSetup& setup);

// One run with the arrivals of `setup`, at `rate` where they have one. Blocks until every request is over.
// `show` is called about once a second.
Trial RunTrial(const TrialSetup& setup, double rate, SenderThread& sender,
               const std::function<void(const LiveView&)>& show);

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_TRIAL_H_
