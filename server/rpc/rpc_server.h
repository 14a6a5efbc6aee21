#ifndef SERVER_RPC_RPC_SERVER_H_
#define SERVER_RPC_RPC_SERVER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/net/listener.h"
#include "server/rpc/call_registry.h"
#include "server/rpc/method_table.h"
#include "server/rpc/poller.h"
#include "server/rpc/rpc_call.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {

// The gRPC server: both inference services, health and reflection through gRPC's generic service, on
// completion queues of its own, fed by our listener. Its life:
//
//   Start ──► StopAccepting ──► Drain ──► Shutdown
//
// Each step may be skipped, since a later one includes the earlier. Thread-compatible.
class RpcServer {
 public:
  struct Options {
    // More than one only where one cannot keep up, at about ten thousand calls a second: whichever thread
    // waits reads all sockets, and what belongs to another's queue has to be handed over.
    int polling_threads = 1;
    int max_concurrent_streams = 512;  // of one connection: each holds a window of unread bytes
    size_t memory_quota_bytes = size_t{4}
                                << 30;  // of gRPC's buffers, a backstop: over it connections are refused
    // Until a new connection has said what HTTP/2 begins with.
    absl::Duration handshake_timeout = absl::Seconds(10);
    // How long a connection is silent before the peer is asked whether it is there, and may take to answer.
    absl::Duration keepalive_time = absl::Seconds(60);
    absl::Duration keepalive_timeout = absl::Seconds(10);
    absl::Duration max_connection_idle = absl::Minutes(10);
    // When a client is told to open another connection, which gRPC spreads by ± 10 %, and what its calls get
    // at least to end after that; streams end then by themselves. Not for unix sockets.
    absl::Duration max_connection_age = absl::Minutes(5);
    absl::Duration max_connection_age_grace = absl::Seconds(60);
    bool reflection = true;
  };

  // Takes calls from `listener`, which is bound and not started, and answers them with `services`. INTERNAL
  // if gRPC does not start.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const Options& options,
                                                          const ServiceContext& services,
                                                          std::unique_ptr<Listener> listener);
  // Shutdown with no time left. Every call must have been answered, or be cut off here.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // "127.0.0.1:8001", with the real port.
  std::string address() const { return listener_->address().ToString(); }
  int port() const { return listener_->address().port(); }
  const Listener& listener() const { return *listener_; }
  int Connections() const { return listener_->Connections(); }

  // No new connections; those that are open go on.
  void StopAccepting();
  // What comes from now on is refused with UNAVAILABLE (DRAINING). Open streams take no more images, finish
  // the ones they have taken and end the same way. Returns at once.
  void Drain();
  // StopAccepting and Drain; waits until every call that had come before is finished or `deadline`; then what
  // is left ends with UNAVAILABLE (DRAINING), and the connections are closed. Clients that go on calling are
  // refused with UNAVAILABLE until their connection ends, which means the same to them. Returns the number of
  // calls that were cut off. May be called again.
  int Shutdown(MonotonicTime deadline);
  // Makes the deadline of a Shutdown that waits, or comes later, now. Thread-safe.
  void CutOff() { cut_off_.store(true); }

 private:
  struct Queue {
    std::unique_ptr<Poller> poller;
    RpcCall::ArrivalHandler on_arrival;
  };

  RpcServer(const ServiceContext& services, std::unique_ptr<Listener> listener);
  void AddMethods(const Options& options);
  absl::Status Build(const Options& options);
  // Waits for one more call on the queue, unless the server stops.
  void Arm(Queue& queue);
  // Ends every call that has arrived and is not finished; returns how many.
  int AbortCalls();
  // Ends every connection, with time for the clients to read what was written.
  void SayGoodbye();
  // Stops gRPC once nothing is left that a client could see.
  void StopGrpc();

  const ServiceContext services_;
  const std::unique_ptr<Listener> listener_;
  MethodTable methods_;
  CallRegistry registry_;
  grpc::AsyncGenericService generic_service_;

  std::vector<std::unique_ptr<Queue>> queues_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;

  std::mutex arming_mu_;
  bool arming_ = true;  // guarded by arming_mu_: calls may be requested
  bool shut_down_ = false;
  std::atomic<bool> cut_off_{false};
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_RPC_SERVER_H_
