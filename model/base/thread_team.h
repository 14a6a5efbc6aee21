#ifndef MODEL_BASE_THREAD_TEAM_H_
#define MODEL_BASE_THREAD_TEAM_H_

#include "absl/functional/function_ref.h"

namespace edgenext {

// Threads that share the work of one of them. Used by one thread at a time.
class ThreadTeam {
 public:
  // What thread 0 <= `thread` < `threads` does.
  using Work = absl::FunctionRef<void(int thread, int threads)>;

  virtual ~ThreadTeam() = default;

  // Calls work(0, n), …, work(n - 1, n) at the same time, each on a thread of its own, the first on the
  // calling one, and returns when all have returned. 1 <= n <= `most_threads` is the team's to say, and may
  // differ from call to call. The threads may wait for each other in `work`.
  virtual void Run(int most_threads, Work work) = 0;
};

// Nobody but the calling thread.
class CallingThread final : public ThreadTeam {
 public:
  void Run(int /*most_threads*/, Work work) override { work(0, 1); }
};

}  // namespace edgenext

#endif  // MODEL_BASE_THREAD_TEAM_H_
