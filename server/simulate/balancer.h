#ifndef SERVER_SIMULATE_BALANCER_H_
#define SERVER_SIMULATE_BALANCER_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/simulate/random.h"

namespace edgenext::serving {

// Which replica a call goes to.
class Balancer {
 public:
  struct Options {
    // 0: each call goes to the next replica, as behind a proxy. Else calls take turns on so many connections,
    // and each of these goes to the next replica when it is made.
    int connections = 0;
    absl::Duration connection_age = absl::Minutes(5);  // give or take a tenth; then it is made anew
    uint64_t seed = 1;
  };

  explicit Balancer(const Options& options);

  // The replicas that take calls, by number; not empty. Connections to others are made anew.
  void SetReplicas(std::vector<int> replicas);

  int Pick(MonotonicTime now);

 private:
  struct Connection {
    int replica = -1;  // none yet
    MonotonicTime ends;
  };

  int NextReplica();

  const Options options_;
  Random random_;
  std::vector<int> replicas_;
  std::vector<Connection> connections_;
  size_t next_replica_ = 0;
  size_t next_connection_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_BALANCER_H_
