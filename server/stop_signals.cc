#include "server/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "model/base/log.h"
#include "server/exit_code.h"

namespace edgenext::serving {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

UniqueFd OpenSignals() {
  const sigset_t signals = Signals();
  return UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

int PollTimeoutMs(MonotonicTime until) {
  const absl::Duration left = std::clamp(until - Clock::Real().Now(), absl::ZeroDuration(), absl::Minutes(1));
  return static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
}

}  // namespace

void StopSignals::Block() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

StopSignals::StopSignals(Options options)
    : options_(std::move(options)), signals_(OpenSignals()), ended_(eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this] { Run(); });
}

StopSignals::~StopSignals() {
  const uint64_t one = 1;
  (void)!write(ended_.get(), &one, sizeof one);
  thread_.join();
}

bool StopSignals::stop_requested() const {
  std::lock_guard<std::mutex> lock(mu_);
  return first_signal_ != 0;
}

int StopSignals::WaitForStop() {
  std::unique_lock<std::mutex> lock(mu_);
  changed_.wait(lock, [this] { return first_signal_ != 0; });
  return first_signal_;
}

void StopSignals::WaitForCutOff(absl::Duration delay) {
  std::unique_lock<std::mutex> lock(mu_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(delay), [this] { return cut_off_; });
}

void StopSignals::SetOnCutOff(std::function<void()> on_cut_off) {
  std::lock_guard<std::mutex> callback_lock(on_cut_off_mu_);
  on_cut_off_ = std::move(on_cut_off);
  bool cut_off = false;
  {
    std::lock_guard<std::mutex> lock(mu_);
    cut_off = cut_off_;
  }
  if (cut_off && on_cut_off_) on_cut_off_();
}

void StopSignals::Run() {
  while (true) {
    MonotonicTime end_by;
    {
      std::lock_guard<std::mutex> lock(mu_);
      end_by = end_by_;
    }
    pollfd events[] = {{signals_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
    poll(events, 2, PollTimeoutMs(end_by));
    if (events[1].revents != 0) return;
    signalfd_siginfo received = {};
    if (read(signals_.get(), &received, sizeof received) == sizeof received) {
      Take(static_cast<int>(received.ssi_signo));
    }
    if (Clock::Real().Now() >= end_by) {
      Log(LogLevel::kError, "not stopped in time");
      _exit(static_cast<int>(ExitCode::kWatchdog));
    }
  }
}

void StopSignals::Take(int signal) {
  const MonotonicTime now = Clock::Real().Now();
  bool first = false;
  {
    std::lock_guard<std::mutex> lock(mu_);
    first = first_signal_ == 0;
    if (first) {
      end_by_ = now + options_.time_to_end(signal);
    } else if (!cut_off_) {
      end_by_ = std::min(end_by_, now + options_.time_to_end_when_cut_off);
    }
  }
  Log(LogLevel::kInfo, first ? "asked to stop" : "asked to stop at once", {{"signal", sigabbrev_np(signal)}});
  if (first) {
    options_.on_stop();
    std::lock_guard<std::mutex> lock(mu_);
    first_signal_ = signal;
    changed_.notify_all();
    return;
  }
  // Under both locks, so that a callback set meanwhile is called by exactly one of SetOnCutOff and this.
  std::lock_guard<std::mutex> callback_lock(on_cut_off_mu_);
  bool second = false;
  {
    std::lock_guard<std::mutex> lock(mu_);
    second = !std::exchange(cut_off_, true);
    changed_.notify_all();
  }
  if (second && on_cut_off_) on_cut_off_();
}

}  // namespace edgenext::serving
