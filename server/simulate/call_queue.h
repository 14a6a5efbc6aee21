#ifndef SERVER_SIMULATE_CALL_QUEUE_H_
#define SERVER_SIMULATE_CALL_QUEUE_H_

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "model/base/clock.h"
#include "server/batching/batch_policy.h"
#include "server/simulate/call.h"

namespace edgenext::serving {

// Calls that wait for a worker, in the order of the policy's keys. What the server's TaskQueue looks for from
// end to end is kept sorted here, since simulated queues grow without bound: O(log n) for a call.
class CallQueue {
 public:
  using Calls = std::vector<std::unique_ptr<Call>>;

  // Keys are different. `expires`: when the call leaves by itself, InfiniteFuture if never.
  void Add(const OrderKey& key, MonotonicTime now, MonotonicTime expires, std::unique_ptr<Call> call);
  // Those whose time has come at `now`.
  Calls RemoveExpired(MonotonicTime now);
  // The first `count`, which must be there.
  Calls RemoveFirst(int count);

  // Calls `visit(call)` for those that run after `key`, the last of them first, as long as it returns true.
  template <typename Visit>
  void VisitAfter(const OrderKey& key, Visit visit) const {
    for (auto it = calls_.rbegin(); it != calls_.rend() && key < it->first; ++it) {
      if (!visit(*it->second.call)) return;
    }
  }

  int size() const { return static_cast<int>(calls_.size()); }
  // InfiniteFuture if there is none.
  MonotonicTime oldest() const;
  MonotonicTime earliest_expiry() const;

 private:
  using Order = std::set<std::pair<MonotonicTime, OrderKey>>;
  struct Waiting {
    MonotonicTime since;
    MonotonicTime expires;
    std::unique_ptr<Call> call;
  };
  using Map = std::map<OrderKey, Waiting>;

  std::unique_ptr<Call> Remove(Map::iterator it);

  Map calls_;
  Order by_age_;
  Order by_expiry_;  // only of those that expire
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_CALL_QUEUE_H_
