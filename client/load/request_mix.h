#ifndef CLIENT_LOAD_REQUEST_MIX_H_
#define CLIENT_LOAD_REQUEST_MIX_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "client/load/arrivals.h"
#include "client/load/load_options.h"
#include "client/load/random.h"

namespace edgenext {

// What one request is to be.
struct RequestSpec {
  size_t payload = 0;
  absl::Duration deadline;  // from the intended time
  bool is_bulk = false;
  bool is_cancelled = false;
};

// Draws requests: payloads in turn, deadlines, priorities and cancellations by chance with the shares asked
// for, where the trace says nothing else. Thread-compatible.
class RequestMix {
 public:
  // `payloads` is at least 1.
  RequestMix(const LoadOptions& options, size_t payloads);

  RequestSpec Draw(const Arrival& arrival);

 private:
  absl::Duration DrawDeadline();

  const std::vector<LoadOptions::WeightedDeadline> deadlines_;
  const double bulk_share_;
  const double cancel_share_;
  const size_t payloads_;
  size_t next_payload_ = 0;
  double total_weight_ = 0;
  Random random_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_REQUEST_MIX_H_
