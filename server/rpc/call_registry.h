#ifndef SERVER_RPC_CALL_REGISTRY_H_
#define SERVER_RPC_CALL_REGISTRY_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>
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

  std::vector<std::shared_ptr<RpcCall>> Calls() const;

  // False if some were left at `deadline`.
  bool WaitUntilEmpty(Clock& clock, MonotonicTime deadline);

 private:
  mutable std::mutex mu_;
  std::condition_variable emptied_;
  std::unordered_map<RpcCall*, std::weak_ptr<RpcCall>> calls_;  // guarded by mu_
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CALL_REGISTRY_H_
