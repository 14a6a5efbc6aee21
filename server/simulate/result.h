#ifndef SERVER_SIMULATE_RESULT_H_
#define SERVER_SIMULATE_RESULT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace edgenext::serving {

// How requests ended. `requests` is the sum of the other counts.
struct Outcomes {
  int64_t requests = 0;
  int64_t good = 0;         // answered with a result within the deadline
  int64_t expired = 0;      // the deadline passed before that
  int64_t overloaded = 0;   // refused for good: no room
  int64_t unreachable = 0;  // refused for good: no time
  int64_t refused() const { return overloaded + unreachable; }
};

// Of good requests, from their arrival to their result.
struct Latencies {
  absl::Duration mean, p50, p90, p99, max;
};

// The requests of one client and class.
struct Group {
  std::string client;
  bool bulk = false;
  Outcomes outcomes;
  Latencies latencies;
};

// What happened between `begin` and the next interval.
struct Interval {
  absl::Duration begin;
  double arrivals_per_second = 0;
  double good_per_second = 0;
  double refused_per_second = 0;
  double expired_per_second = 0;
  absl::Duration p99;
  int inside = 0;    // calls admitted and not answered, at the end
  int replicas = 0;  // that take calls, at the end
};

struct SimulationResult {
  std::string policy;
  absl::Duration duration;
  // The rest of it after the warm-up. Requests that arrived before are counted in no outcome, latency or
  // group.
  absl::Duration measured;
  Outcomes outcomes;
  Latencies latencies;
  double goodput = 0;    // good requests a second, those answered after the end left out
  int64_t attempts = 0;  // of calls
  int64_t refused_attempts = 0;
  double wasted = 0;       // share of the workers' time on calls that did not end well
  double utilisation = 0;  // of the workers
  double mean_batch = 0;
  double mean_replicas = 0;
  std::vector<Group> groups;  // where there is more than one
  std::vector<Interval> timeline;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_RESULT_H_
