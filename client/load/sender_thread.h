#ifndef CLIENT_LOAD_SENDER_THREAD_H_
#define CLIENT_LOAD_SENDER_THREAD_H_

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "client/base/steady_time.h"

namespace edgenext {

// The thread that sends, which must not be late: it asks the kernel for exact timers and for short time
// slices, which let it in at once when it wakes. To be made before GiveWayToSender and before gRPC starts
// threads of its own, so that it is left with the priority that those give up. Thread-safe.
class SenderThread {
 public:
  SenderThread();
  // Waits for the job.
  ~SenderThread();
  SenderThread(const SenderThread&) = delete;
  SenderThread& operator=(const SenderThread&) = delete;

  // Runs `job` on the thread; there is none before it.
  void Run(std::function<void()> job);
  // Until the job is done.
  void Wait();

 private:
  void Serve();

  std::mutex mu_;
  std::condition_variable changed_;
  std::function<void()> job_;  // guarded by mu_; empty while there is none
  bool is_over_ = false;       // guarded by mu_
  std::thread thread_;
};

// Lowers the priority of the calling thread, and of all threads that it and they start from now on.
void GiveWayToSender();

// Sleeps until `time`, or at most 50 ms after `stopped` became true.
void SleepUntil(SteadyTime time, const std::atomic<bool>& stopped);

}  // namespace edgenext

#endif  // CLIENT_LOAD_SENDER_THREAD_H_
