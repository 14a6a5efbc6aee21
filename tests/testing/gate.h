#ifndef TESTS_TESTING_GATE_H_
#define TESTS_TESTING_GATE_H_

#include <condition_variable>
#include <mutex>

namespace edgenext::testing {

// A point in the code under test at which threads can be held. Open at first. Thread-safe.
class Gate {
 public:
  // Called by the code under test: blocks while the gate is closed.
  void Pass() {
    std::unique_lock<std::mutex> lock(mu_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ || permits_ > 0; });
    if (!open_) --permits_;
  }

  void Close() {
    std::lock_guard<std::mutex> lock(mu_);
    open_ = false;
  }
  void Open() {
    std::lock_guard<std::mutex> lock(mu_);
    open_ = true;
    changed_.notify_all();
  }
  // Lets `threads` threads pass the closed gate.
  void Let(int threads) {
    std::lock_guard<std::mutex> lock(mu_);
    permits_ += threads;
    changed_.notify_all();
  }
  // How often Pass has been called since the gate was made.
  int arrivals() {
    std::lock_guard<std::mutex> lock(mu_);
    return arrived_;
  }
  // Blocks until Pass has been called `times` times since the gate was made.
  void AwaitArrivals(int times) {
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait(lock, [this, times] { return arrived_ >= times; });
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  bool open_ = true;
  int permits_ = 0;
  int arrived_ = 0;
};

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_GATE_H_
