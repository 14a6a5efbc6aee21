#ifndef SERVER_RPC_POLLER_H_
#define SERVER_RPC_POLLER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <thread>

namespace edgenext::serving {

// A completion queue and the one thread that polls it: with two, events of one call could run at the same
// time.
class Poller {
 public:
  // The queue comes from ServerBuilder::AddCompletionQueue.
  explicit Poller(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}
  ~Poller();  // as Stop

  grpc::ServerCompletionQueue& queue() { return *queue_; }

  // After the server has started.
  void Start();
  // Handles what is left in the queue and joins the thread. No operation may be started on the queue any
  // more, and the server must have been shut down.
  void Stop();

 private:
  void Run();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_POLLER_H_
