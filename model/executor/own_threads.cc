#include "model/executor/own_threads.h"

#include <algorithm>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace edgenext {

absl::StatusOr<std::unique_ptr<OwnThreads>> OwnThreads::Make(int threads) {
  std::unique_ptr<OwnThreads> team(new OwnThreads);
  for (int thread = 1; thread < threads; ++thread) {
    try {
      team->helpers_.emplace_back([helped = team.get(), thread] { helped->Help(thread); });
    } catch (const std::system_error& error) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot start thread ", thread + 1, " of ", threads, ": ", error.code().message()));
    }
  }
  return team;
}

OwnThreads::~OwnThreads() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
    runs_.fetch_add(1, std::memory_order_release);
  }
  run_began_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void OwnThreads::Run(int most_threads, Work work) {
  const int threads = std::min(most_threads, static_cast<int>(helpers_.size()) + 1);
  if (threads == 1) return work(0, 1);
  helping_.store(static_cast<int>(helpers_.size()), std::memory_order_relaxed);
  {
    std::lock_guard<std::mutex> lock(mu_);
    work_ = &work;
    threads_ = threads;
    runs_.fetch_add(1, std::memory_order_release);
  }
  run_began_.notify_all();
  work(0, threads);
  SpinUntil([this] { return helping_.load(std::memory_order_acquire) == 0; });
}

void OwnThreads::Help(int thread) {
  for (uint32_t runs = 0;; ++runs) {
    AwaitRun(runs);
    if (stopping_) return;
    if (thread < threads_) (*work_)(thread, threads_);
    helping_.fetch_sub(1, std::memory_order_release);
  }
}

void OwnThreads::AwaitRun(uint32_t runs_before) {
  if (SpinBriefly([&] { return runs_.load(std::memory_order_acquire) != runs_before; })) return;
  std::unique_lock<std::mutex> lock(mu_);
  run_began_.wait(lock, [&] { return runs_.load(std::memory_order_relaxed) != runs_before; });
}

}  // namespace edgenext
