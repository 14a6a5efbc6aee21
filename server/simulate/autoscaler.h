#ifndef SERVER_SIMULATE_AUTOSCALER_H_
#define SERVER_SIMULATE_AUTOSCALER_H_

#include <deque>

#include "absl/time/time.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// How many replicas Kubernetes' horizontal pod autoscaler (autoscaling/v2) asks for: its published algorithm
// with the behaviour of deploy/. Asked every `period`, it remembers what it said.
class Autoscaler {
 public:
  struct Options {
    absl::Duration period = absl::Seconds(15);
    double target = 0.7;     // of the metric, a replica's mean
    double tolerance = 0.1;  // nothing changes while |metric / target - 1| is at most this
    int least = 1;
    int most = 10;
    // Scaling down goes to the largest number wanted within this time.
    absl::Duration stabilisation = absl::Seconds(300);
    int most_removed_a_minute = 1;
    // Scaling up: at most this many, or as many again as there are, in one period.
    int most_added = 4;
  };

  explicit Autoscaler(const Options& options) : options_(options) {}

  // `current`: replicas there are, those that start included. `metric`: mean over them.
  int Decide(MonotonicTime now, int current, double metric);

  const Options& options() const { return options_; }

 private:
  struct Said {
    MonotonicTime at;
    int replicas;
  };

  int Formula(int current, double metric) const;

  const Options options_;
  std::deque<Said> wanted_;   // within the stabilisation time
  std::deque<Said> removed_;  // within a minute
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_AUTOSCALER_H_
