#include "model/fused/crew.h"

#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace edgenext::fused {
namespace {

// How often a thread looks before it lets others have its processor: some 50 us, longer than most waits. More
// threads than free processors would otherwise wait for a thread that waits for their processor.
constexpr int kLooks = 2000;

// Tells the processor that the thread only waits.
void Pause() { __builtin_ia32_pause(); }

}  // namespace

absl::StatusOr<std::unique_ptr<Crew>> Crew::Make(int threads) {
  std::unique_ptr<Crew> crew(new Crew(threads));
  for (int thread = 1; thread < threads; ++thread) {
    try {
      crew->helpers_.emplace_back([helped = crew.get(), thread] { helped->Help(thread); });
    } catch (const std::system_error& error) {
      return absl::ResourceExhaustedError(absl::StrCat("cannot start thread ", thread + 1, " of ", threads,
                                                       " of an executor: ", error.code().message()));
    }
  }
  return crew;
}

Crew::~Crew() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
    runs_.fetch_add(1, std::memory_order_release);
  }
  run_began_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Crew::Run(Work work) {
  if (threads_ == 1) return work(0);
  {
    std::lock_guard<std::mutex> lock(mu_);
    work_ = &work;
    runs_.fetch_add(1, std::memory_order_release);
  }
  run_began_.notify_all();
  work(0);
  AwaitAll();
}

void Crew::Help(int thread) {
  for (uint32_t runs = 0;; ++runs) {
    AwaitRun(runs);
    if (stopping_) return;
    (*work_)(thread);
    AwaitAll();
  }
}

void Crew::AwaitRun(uint32_t runs_before) {
  for (int look = 0; look < kLooks; ++look) {
    if (runs_.load(std::memory_order_acquire) != runs_before) return;
    Pause();
  }
  std::unique_lock<std::mutex> lock(mu_);
  run_began_.wait(lock, [&] { return runs_.load(std::memory_order_relaxed) != runs_before; });
}

void Crew::AwaitAll() {
  if (threads_ == 1) return;
  const uint32_t meeting = meetings_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    meetings_.store(meeting + 1, std::memory_order_release);
    return;
  }
  int looks = 0;
  while (meetings_.load(std::memory_order_acquire) == meeting) {
    if (looks < kLooks) {
      ++looks;
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace edgenext::fused
