#ifndef SERVER_NET_LISTENER_H_
#define SERVER_NET_LISTENER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/base/clock.h"
#include "server/net/connection_limit.h"
#include "server/net/connection_table.h"
#include "server/net/socket_address.h"
#include "server/net/unique_fd.h"

namespace edgenext::serving {

// Listens on an address and hands every accepted connection to a function. It is ours and not gRPC's because
// gRPC 1.51 stops accepting for good when descriptors run out (CVE-2023-4785) and knows no limit of
// connections.
//
// Bind and listen happen in Bind, so that a taken port is known before a model is loaded; connections wait in
// the kernel's backlog until Start. Thread-compatible, except where it says more.
class Listener {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // see ResolveAddress
    int port = 0;                    // 0 takes a free one
    ConnectionLimits limits;         // of a unix socket only the number: the rest needs named peers
    Clock* clock = &Clock::Real();
  };

  // Owns `fd` from now on: a connected socket, non-blocking, close-on-exec, without Nagle's delay. Runs on
  // the accepting thread and must not block.
  using Handler = std::function<void(UniqueFd fd)>;

  // ALREADY_EXISTS if the address is in use, INVALID_ARGUMENT if it makes no sense here. A unix socket's file
  // that nobody listens on any more is replaced.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(const Options& options);
  ~Listener();  // as Stop
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Starts accepting on a thread of its own. Once only.
  void Start(Handler handler);
  // Stops accepting, waits for the thread, closes the socket and removes a unix socket's file. Connections
  // that were handed over stay open. May be called again.
  void Stop();

  // What was bound, with the real port.
  const SocketAddress& address() const { return address_; }
  // Open connections that came from here, and those that were closed to keep the limits. Thread-safe.
  int Connections() { return connections_.Count(); }
  int64_t ClosedIdle() const { return limit_.closed_idle(); }
  int64_t ClosedAtLimit() const { return limit_.closed_at_limit(); }
  // See ConnectionTable::Find. Thread-safe.
  std::shared_ptr<const Connection> FindConnection(absl::string_view peer) const {
    return connections_.Find(peer);
  }
  // Ends what is sent on them, or both directions, under their owners' hands; see ConnectionTable.
  // Thread-safe.
  void HalfCloseConnections() { connections_.HalfCloseAll(); }
  void ShutDownConnections() { connections_.ShutDownAll(); }

 private:
  Listener(const Options& options, SocketAddress address, UniqueFd socket, UniqueFd stop_event);
  void AcceptLoop();
  // Accepts until nothing is left to accept. False if resources have run out.
  bool AcceptPending();
  void HandOver(UniqueFd fd);

  // constant after construction
  const SocketAddress address_;
  const UniqueFd stop_event_;  // readable once Stop has been called
  ino_t unix_inode_ = 0;       // of the unix socket's file

  UniqueFd socket_;  // closed by Stop after the thread has ended
  Handler handler_;  // set before the thread starts
  std::thread thread_;
  ConnectionTable connections_;
  ConnectionLimit limit_;  // used by the thread
};

}  // namespace edgenext::serving

#endif  // SERVER_NET_LISTENER_H_
