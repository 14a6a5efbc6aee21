#ifndef CLIENT_LOAD_SERVER_COST_H_
#define CLIENT_LOAD_SERVER_COST_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "client/load/metrics_text.h"

namespace edgenext {

// What the server says that the time between two looks at its /metrics cost it; other clients' requests are
// in it. Requests are calls of Classify and ModelInfer, whatever their outcome, as the server counted them
// itself: these are those that the CPU time belongs to, not those that the client counted.
struct ServerCost {
  double cpu_s = 0;                      // of the whole process, kernel included
  absl::optional<double> compute_cpu_s;  // of decoding, preprocessing and the network
  double requests = 0;
  std::map<std::string, double> requests_by_code;
  double images = 0;  // that went through the network
  absl::optional<double> mean_batch_size;
  std::map<std::string, double> stage_mean_ms;  // per image, by stage

  double cpu_ms_per_request() const { return requests > 0 ? 1000 * cpu_s / requests : 0; }
  // What is spent around the computation.
  absl::optional<double> overhead_ms_per_request() const {
    if (!compute_cpu_s.has_value() || requests <= 0) return absl::nullopt;
    return 1000 * (cpu_s - *compute_cpu_s) / requests;
  }
};

// FAILED_PRECONDITION if the texts are not of one run of an edgenext-server.
absl::StatusOr<ServerCost> CostBetween(const MetricsText& before, const MetricsText& after);

}  // namespace edgenext

#endif  // CLIENT_LOAD_SERVER_COST_H_
