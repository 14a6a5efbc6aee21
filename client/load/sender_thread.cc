#include "client/load/sender_thread.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace edgenext {
namespace {

constexpr absl::Duration kLongestSleep = absl::Milliseconds(50);
constexpr int kOthersNice = 5;
// The shortest that Linux takes. From 6.12 on a thread with a shorter slice preempts when it wakes; before,
// the kernel ignores it.
constexpr uint64_t kSenderSliceNs = 100'000;

// What sched_setattr(2) takes. The C library here does not declare it, and the kernel's header that does
// cannot be included beside <sched.h>.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

// What the kernel refuses is left as it is: the send lag tells.
void AskForPunctuality() {
  prctl(PR_SET_TIMERSLACK, 1UL);
  SchedulingAttributes attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  attributes.runtime = kSenderSliceNs;
  syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

}  // namespace

SenderThread::SenderThread() : thread_([this] { Serve(); }) {}

SenderThread::~SenderThread() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    is_over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SenderThread::Run(std::function<void()> job) {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    job_ = std::move(job);
  }
  changed_.notify_all();
}

void SenderThread::Wait() {
  std::unique_lock<std::mutex> lock(mu_);
  changed_.wait(lock, [this] { return job_ == nullptr; });
}

void SenderThread::Serve() {
  AskForPunctuality();
  std::unique_lock<std::mutex> lock(mu_);
  while (true) {
    changed_.wait(lock, [this] { return is_over_ || job_ != nullptr; });
    if (job_ == nullptr) return;
    lock.unlock();
    job_();  // nobody else changes it while it is there
    lock.lock();
    job_ = nullptr;
    changed_.notify_all();
  }
}

void GiveWayToSender() { setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kOthersNice); }

void SleepUntil(SteadyTime time, const std::atomic<bool>& stopped) {
  for (SteadyTime now = SteadyNow(); now < time && !stopped; now = SteadyNow()) {
    const timespec until = absl::ToTimespec(std::min(time, now + kLongestSleep));
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
}

}  // namespace edgenext
