#ifndef SERVER_SIMULATE_FLEET_H_
#define SERVER_SIMULATE_FLEET_H_

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "server/simulate/autoscaler.h"
#include "server/simulate/balancer.h"
#include "server/simulate/event_queue.h"
#include "server/simulate/replica.h"

namespace edgenext::serving {

// The replicas, the balancer before them, and what adds and removes replicas.
class Fleet {
 public:
  struct Options {
    int replicas = 1;  // ready at the start
    Replica::Options replica;
    Balancer::Options balancer;
    absl::optional<Autoscaler::Options> autoscaler;
    absl::Duration startup = absl::Seconds(20);           // until an added replica is ready
    absl::Duration rate_window = absl::Seconds(60);       // over which the autoscaler's metric is a rate
    MonotonicTime end = MonotonicTime::InfiniteFuture();  // nothing is scaled or measured after it
  };

  // All pointers must outlive it.
  Fleet(const Options& options, const ServingPolicy* policy, const ServiceModel* service, EventQueue* events,
        Replica::Answered answered);

  void Arrive(std::unique_ptr<Call> call);

  int ready() const { return ready_; }
  int wanted() const { return wanted_; }
  int inside() const;  // calls admitted and not answered

  struct Totals {
    int64_t batches = 0;
    int64_t images = 0;
    absl::Duration busy;
    absl::Duration worker_time;   // of ready replicas, until the end
    absl::Duration replica_time;  // as much for replicas
  };
  Totals totals() const;

 private:
  enum class State { kStarting, kReady, kRemoved };
  struct Member {
    std::unique_ptr<Replica> replica;
    State state = State::kStarting;
    MonotonicTime ready_at;
    MonotonicTime removed_at = MonotonicTime::InfiniteFuture();
  };

  void Add(State state);
  void MakeReady(size_t index);
  void RemoveOne();
  void TellBalancer();
  void Scale();
  double OfferedWorkPerCore();

  const Options options_;
  const ServingPolicy* const policy_;
  const ServiceModel* const service_;
  EventQueue* const events_;
  const Replica::Answered answered_;

  Balancer balancer_;
  absl::optional<Autoscaler> autoscaler_;
  std::vector<Member> members_;  // removed ones too, which finish what they have
  int ready_ = 0;
  int wanted_ = 0;  // ready and starting ones
  std::deque<std::pair<MonotonicTime, absl::Duration>> offered_work_;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_FLEET_H_
