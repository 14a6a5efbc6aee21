#ifndef SERVER_SIMULATE_RECORDER_H_
#define SERVER_SIMULATE_RECORDER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/simulate/call.h"
#include "server/simulate/result.h"

namespace edgenext::serving {

// Counts how requests end, as their clients see it.
class Recorder {
 public:
  // `clients`: the names of the keys. Requests that arrive before `warm_up` appear in the timeline only.
  Recorder(std::vector<std::string> clients, absl::Duration warm_up, absl::Duration duration)
      : clients_(std::move(clients)), warm_up_(warm_up), duration_(duration) {}

  void CountArrival() { ++now_.arrivals; }
  // The end of a request, at `at` since the start; once for each.
  void Record(const Call& call, Answer::Kind how, absl::Duration at);

  // Ends an interval that began at `begin`.
  void EndInterval(absl::Duration begin, absl::Duration length, int inside, int replicas);

  // Fills in what is counted here.
  void Summarise(SimulationResult& result) const;

 private:
  struct Tally {
    Outcomes outcomes;
    std::vector<float> seconds;  // latencies of good requests
  };
  struct Current {
    int64_t arrivals = 0;
    Outcomes outcomes;
    std::vector<float> seconds;
  };

  const std::vector<std::string> clients_;
  const absl::Duration warm_up_;
  const absl::Duration duration_;
  std::map<std::pair<int, bool>, Tally> tallies_;  // by client, and whether bulk
  Current now_;
  std::vector<Interval> timeline_;
  absl::Duration worked_, wasted_;
  int64_t good_until_end_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_RECORDER_H_
