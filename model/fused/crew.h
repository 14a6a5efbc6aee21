#ifndef MODEL_FUSED_CREW_H_
#define MODEL_FUSED_CREW_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace edgenext::fused {

// Threads that work on one thing together: the one that calls Run, and helpers, which sleep when there has
// been nothing to do for some microseconds. While there is, they wait for each other awake. Confined to the
// thread that created it.
class Crew {
 public:
  // What thread 0 <= `thread` < threads() does.
  using Work = absl::FunctionRef<void(int thread)>;

  // `threads` >= 1 includes the calling one, whose processors and priority the helpers take over.
  // RESOURCE_EXHAUSTED if a thread cannot be started.
  static absl::StatusOr<std::unique_ptr<Crew>> Make(int threads);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int threads() const { return threads_; }

  // Has every thread do `work`, the calling one as thread 0, and returns when all are done.
  void Run(Work work);

  // Called by all threads within `work`, equally often: returns when all have called it, and what each wrote
  // before is then seen by all.
  void AwaitAll();

 private:
  static constexpr size_t kCacheLine = 64;

  explicit Crew(int threads) : threads_(threads) {}
  void Help(int thread);
  void AwaitRun(uint32_t runs_before);

  const int threads_;
  std::vector<std::thread> helpers_;
  std::mutex mu_;
  std::condition_variable run_began_;
  // Written before runs_, read after it.
  const Work* work_ = nullptr;
  bool stopping_ = false;
  // Counters that threads watch: each on a cache line of its own.
  alignas(kCacheLine) std::atomic<uint32_t> runs_{0};      // that began; changes under mu_
  alignas(kCacheLine) std::atomic<int> arrived_{0};        // at the current AwaitAll
  alignas(kCacheLine) std::atomic<uint32_t> meetings_{0};  // AwaitAlls that are over
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_CREW_H_
