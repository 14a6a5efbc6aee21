#ifndef SERVER_BATCHING_SHARED_WORK_H_
#define SERVER_BATCHING_SHARED_WORK_H_

#include <atomic>

#include "model/base/thread_team.h"

namespace edgenext::serving {

// What a worker runs together with helpers. Each of these calls Help once; all may be at it at the same time.
class SharedWork {
 public:
  // `threads` >= 1: the worker and its helpers.
  SharedWork(ThreadTeam::Work work, int threads) : work_(work), threads_(threads), helping_(threads - 1) {}

  // The worker's own part. Returns when every helper has done its part, which it waits for awake.
  void Run();
  // A helper's part. The object may be gone when it returns.
  void Help();

 private:
  const ThreadTeam::Work work_;
  const int threads_;
  std::atomic<int> joined_{1};
  std::atomic<int> helping_;  // helpers that have not done their part
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_SHARED_WORK_H_
