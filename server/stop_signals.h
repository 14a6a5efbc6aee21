#ifndef SERVER_STOP_SIGNALS_H_
#define SERVER_STOP_SIGNALS_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/net/unique_fd.h"

namespace edgenext::serving {

// Waits for SIGTERM and SIGINT on a thread of its own. The first asks the server to stop, the second to cut
// short what it still does; if it has not ended in time, the process does (exit code 70). Thread-safe.
class StopSignals {
 public:
  struct Options {
    // Called at the first signal, on the thread of signals.
    std::function<void()> on_stop;
    // How long the process may take to end after its first signal, which is `signal`.
    std::function<absl::Duration(int signal)> time_to_end;
    // How long it may take after the second.
    absl::Duration time_to_end_when_cut_off = absl::Seconds(5);
  };

  // Keeps the signals from the calling thread and from those it starts: to be called before there are others.
  static void Block();

  // Block has been called.
  explicit StopSignals(Options options);
  // From now on signals are left pending and nothing ends the process.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool stop_requested() const;
  // Waits for the first signal and returns it.
  int WaitForStop();
  // Waits `delay` or until the second signal.
  void WaitForCutOff(absl::Duration delay);
  // Called once at the second signal, or at once if it has come already, until it is replaced; when this
  // returns the former one is not running. Null takes it away.
  void SetOnCutOff(std::function<void()> on_cut_off);

 private:
  void Run();
  void Take(int signal);

  const Options options_;
  const UniqueFd signals_;  // a signalfd
  const UniqueFd ended_;    // an eventfd, readable once the destructor runs

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // guarded by mu_
  int first_signal_ = 0;
  bool cut_off_ = false;
  MonotonicTime end_by_ = MonotonicTime::InfiniteFuture();

  std::mutex on_cut_off_mu_;          // held while it runs; never taken under mu_
  std::function<void()> on_cut_off_;  // guarded by on_cut_off_mu_

  std::thread thread_;
};

}  // namespace edgenext::serving

#endif  // SERVER_STOP_SIGNALS_H_
