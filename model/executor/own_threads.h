#ifndef MODEL_EXECUTOR_OWN_THREADS_H_
#define MODEL_EXECUTOR_OWN_THREADS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "model/base/spin.h"
#include "model/base/thread_team.h"

namespace edgenext {

// The calling thread and helpers made for it, which sleep when there has been nothing to do for some
// microseconds. Confined to the thread that created it.
class OwnThreads final : public ThreadTeam {
 public:
  // `threads` >= 1 includes the calling one, whose processors and priority the helpers take over.
  // RESOURCE_EXHAUSTED if a thread cannot be started.
  static absl::StatusOr<std::unique_ptr<OwnThreads>> Make(int threads);
  ~OwnThreads() override;
  OwnThreads(const OwnThreads&) = delete;
  OwnThreads& operator=(const OwnThreads&) = delete;

  // On all threads, or on the first `most_threads` of them.
  void Run(int most_threads, Work work) override;

 private:
  OwnThreads() = default;
  void Help(int thread);
  void AwaitRun(uint32_t runs_before);

  std::vector<std::thread> helpers_;
  std::mutex mu_;
  std::condition_variable run_began_;
  // Written before runs_, read after it.
  const Work* work_ = nullptr;
  int threads_ = 1;  // of the run
  bool stopping_ = false;
  // Counters that threads watch: each on a cache line of its own.
  alignas(kCacheLineBytes) std::atomic<uint32_t> runs_{0};  // that began; changes under mu_
  alignas(kCacheLineBytes) std::atomic<int> helping_{0};  // helpers that have not done their part of the run
};

}  // namespace edgenext

#endif  // MODEL_EXECUTOR_OWN_THREADS_H_
