#ifndef SERVER_SIMULATE_WORKLOAD_H_
#define SERVER_SIMULATE_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "server/batching/task.h"
#include "server/simulate/random.h"
#include "server/simulate/rate_curve.h"

namespace edgenext::serving {

// A request as a client makes it, before any server has seen it: one image.
struct Arrival {
  absl::Duration at;                                  // since the start of the run
  absl::Duration timeout = absl::InfiniteDuration();  // from then to its deadline
  TaskClass task_class = TaskClass::kInteractive;
  int client = 0;   // index of its key
  double work = 1;  // its decode and execution take this many times the mean
};

// Where requests come from, in order of time.
class ArrivalSource {
 public:
  virtual ~ArrivalSource() = default;
  virtual absl::optional<Arrival> Next() = 0;
};

// A value, and how often it is drawn among others.
template <typename T>
struct Weighted {
  T value;
  double weight;
};

// A line of a trace: when a request arrives, and what it is where the trace says so.
struct TraceLine {
  absl::Duration at;
  absl::optional<absl::Duration> timeout;
  absl::optional<TaskClass> task_class;
};

struct WorkloadOptions {
  RateCurve rate = RateCurve::Constant(100);
  bool poisson = true;           // else evenly spaced by the rate
  std::vector<TraceLine> trace;  // if there are any, these arrivals instead of the rate's
  absl::Duration duration = absl::Seconds(60);
  std::vector<Weighted<absl::Duration>> timeouts = {{absl::InfiniteDuration(), 1}};
  double bulk_share = 0;
  std::vector<Weighted<std::string>> clients = {{"", 1}};
  double work_variation = 0;  // standard deviation of the (log-normal) work over its mean
  uint64_t seed = 1;
};

// Draws requests. The same options give the same requests, whatever serves them; the times of arrival depend
// on the rate and the seed alone, so that runs with other deadlines or clients meet them too.
class Workload final : public ArrivalSource {
 public:
  explicit Workload(const WorkloadOptions& options);
  absl::optional<Arrival> Next() override;

 private:
  absl::optional<TraceLine> NextLine();
  double DrawWork();

  const WorkloadOptions options_;
  Random times_;
  Random attributes_;
  absl::Duration last_ = absl::ZeroDuration();
  size_t next_in_trace_ = 0;
};

// A trace as `edgenext load --trace` reads it: in each line the seconds since the start, not falling, then in
// any order and both optional a deadline as 200ms and "interactive" or "bulk". Empty lines and what follows a
// # are ignored. INVALID_ARGUMENT names the line.
absl::StatusOr<std::vector<TraceLine>> ParseTrace(absl::string_view text);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_WORKLOAD_H_
