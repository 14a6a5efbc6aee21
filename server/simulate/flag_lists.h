#ifndef SERVER_SIMULATE_FLAG_LISTS_H_
#define SERVER_SIMULATE_FLAG_LISTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/batching/cost_table.h"
#include "server/simulate/rate_curve.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {

// How the values of the simulator's flags are written. Each returns INVALID_ARGUMENT with what was found and
// what was expected.

// 2.3ms, 10s, 0.
absl::StatusOr<absl::Duration> ParseTime(absl::string_view text);

// 1:2.3ms,2:4.4ms,8:16ms: how long a batch of so many images takes; sizes rise from 1.
absl::StatusOr<CostTable> ParseCost(absl::string_view text);

// 200 (a second), 1.5x (`capacity`), or points in time: 0s:100,30s:100,30s:2x.
absl::StatusOr<RateCurve> ParseRate(absl::string_view text, absl::Duration period, double capacity);

// 100ms, none, or a mix by weight: 50ms:3,1s:1,none:1.
absl::StatusOr<std::vector<Weighted<absl::Duration>>> ParseTimeouts(absl::string_view text);

// Names by weight: web:9,batch:1.
absl::StatusOr<std::vector<Weighted<std::string>>> ParseClients(absl::string_view text);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_FLAG_LISTS_H_
