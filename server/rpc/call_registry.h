#ifndef SERVER_RPC_CALL_REGISTRY_H_
#define SERVER_RPC_CALL_REGISTRY_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/base/clock.h"

namespace edgenext::serving {

class RpcCall;

// Every call that may still have an operation in a completion queue, those that wait for a client included:
// so that a drain can reach the calls, and a shutdown can know that the queues may be closed. Thread-safe.
class CallRegistry {
 public:
  void Add(const std::shared_ptr<RpcCall>& call);
  // The call will start no operation any more, and has none under way.
  void Remove(RpcCall* call);

  // Those that have a handler.
  std::vector<std::shared_ptr<RpcCall>> Arrived() const;

  // From now on the calls that have arrived until here are waited for, and not those that still come.
  void BeginDrain();
  // False if some of the calls that had arrived when the drain began were left at `deadline`.
  bool WaitUntilDrained(Clock& clock, MonotonicTime deadline);
  // False if any call was left at `deadline`.
  bool WaitUntilEmpty(Clock& clock, MonotonicTime deadline);

 private:
  mutable std::mutex mu_;
  std::condition_variable removed_;
  // guarded by mu_
  std::unordered_map<RpcCall*, std::weak_ptr<RpcCall>> calls_;
  std::unordered_set<RpcCall*> draining_;  // of `calls_`, those that had arrived when the drain began
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CALL_REGISTRY_H_
