#ifndef SERVER_RPC_SERVICE_CONTEXT_H_
#define SERVER_RPC_SERVICE_CONTEXT_H_

#include <cstddef>
#include <string>
#include <unordered_set>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/health/health_state.h"
#include "server/lifecycle/lifecycle.h"
#include "server/metrics/metrics.h"
#include "server/pipeline/classify_pipeline.h"

namespace edgenext::serving {

// What every method works with. Everything pointed to outlives the RpcServer.
struct ServiceContext {
  ClassifyPipeline* pipeline = nullptr;
  Lifecycle* lifecycle = nullptr;
  HealthState* health = nullptr;
  Metrics* metrics = nullptr;
  Clock* clock = &Clock::Real();  // gRPC's deadlines are on this machine's monotonic clock

  size_t max_image_bytes = size_t{10} << 20;
  size_t max_receive_bytes = (size_t{80} << 20) + (size_t{64} << 10);  // largest message that is read
  int stream_window = 2;  // unanswered images read from one stream
  // From a call's headers to its message, which holds its room meanwhile: enough for the largest message over
  // a slow line, while a client that sends none cannot keep the room for long.
  absl::Duration message_timeout = absl::Seconds(30);
  // How long a call waits unread for bytes of the budget.
  absl::Duration room_timeout = absl::Seconds(1);
  std::string client_key;                        // of the metadata that names the client; "": its connection
  std::unordered_set<std::string> bulk_clients;  // whose images are bulk, whatever they say
  // How long a stream may wait for its client, with nothing to compute, before others may have its room.
  absl::Duration stream_idle_time = absl::Seconds(1);
  absl::Duration latency_objective = absl::Milliseconds(100);  // what a short deadline is
};

// What a message of one image may have beside it: names, ids and the protocol's own bytes.
inline constexpr size_t kMessageOverheadBytes = size_t{64} << 10;

inline size_t MaxClassifyMessageBytes(const ServiceContext& services) {
  return services.max_image_bytes + kMessageOverheadBytes;
}

}  // namespace edgenext::serving

#endif  // SERVER_RPC_SERVICE_CONTEXT_H_
