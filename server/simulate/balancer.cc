#include "server/simulate/balancer.h"

#include <algorithm>
#include <utility>

namespace edgenext::serving {

Balancer::Balancer(const Options& options)
    : options_(options), random_(options.seed), connections_(static_cast<size_t>(options.connections)) {}

void Balancer::SetReplicas(std::vector<int> replicas) {
  replicas_ = std::move(replicas);
  for (Connection& connection : connections_) {
    if (std::find(replicas_.begin(), replicas_.end(), connection.replica) == replicas_.end()) {
      connection.replica = -1;
    }
  }
}

int Balancer::Pick(MonotonicTime now) {
  if (connections_.empty()) return NextReplica();
  Connection& connection = connections_[next_connection_++ % connections_.size()];
  if (connection.replica < 0 || now >= connection.ends) {
    connection.replica = NextReplica();
    connection.ends = now + options_.connection_age * (0.9 + 0.2 * random_.Uniform());
  }
  return connection.replica;
}

int Balancer::NextReplica() { return replicas_[next_replica_++ % replicas_.size()]; }

}  // namespace edgenext::serving
