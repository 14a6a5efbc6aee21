#ifndef SERVER_NET_CONNECTION_TABLE_H_
#define SERVER_NET_CONNECTION_TABLE_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "server/net/socket_copy.h"

namespace edgenext::serving {

// An accepted connection, for those who answer its calls. Whoever holds one that ConnectionTable::Find has
// returned has a call on it. Thread-safe.
struct Connection {
  const int fd;
  const ino_t inode;
  const std::string peer;  // "127.0.0.1:40000"
  const MonotonicTime accepted;
  std::atomic<bool> in_reserve;  // see ConnectionLimit
};

// Since when nothing has come or gone on the socket; nothing if the kernel does not know, as of unix sockets.
absl::optional<absl::Duration> SocketIdleTime(int fd);

// Knows which accepted connections are still open, although somebody else closes them: gRPC owns a connection
// from the moment it is handed over and does not tell when it ends. A descriptor number may be taken again by
// anything, so a connection is known by its descriptor and its socket's inode. Nothing here needs a spare
// descriptor. Thread-safe.
class ConnectionTable {
 public:
  using IdleTime = std::function<absl::optional<absl::Duration>(int fd)>;
  explicit ConnectionTable(IdleTime idle_time = SocketIdleTime, Clock* clock = &Clock::Real());

  // `fd` is an open socket. Called before it is handed over.
  void Add(int fd, bool in_reserve = false);
  // How many are open, after looking at each (a system call a connection).
  int Count();
  struct Counts {
    int open = 0, in_reserve = 0;  // the second is not part of the first
  };
  // The same from the last look, with what was added since: never less than what is open.
  Counts CountAtMost() const;
  // The connection of a call. `peer` as gRPC says it: "ipv4:127.0.0.1:40000", "ipv6:%5B::1%5D:40000". Null if
  // there is none, as for all of a unix socket, whose peers have no names.
  std::shared_ptr<const Connection> Find(absl::string_view peer) const;

  // Ends what is sent on every open connection: the peer gets what was written, then the end, and its close
  // lets the owner close. What the peer still sends is read, so that nothing is lost on the way to it.
  void HalfCloseAll();
  // Shuts both directions of every open connection down, so that its owner closes it.
  void ShutDownAll();

  // --- for ConnectionLimit ---
  struct State {
    int64_t id;  // in the order in which they were accepted
    bool in_reserve;
    bool has_calls;
    absl::optional<absl::Duration> idle_time;
  };
  // Looks at each connection and forgets those that are closed.
  std::vector<State> Look();
  // What Look would say of one; nothing if it is closed.
  absl::optional<State> LookAt(int64_t id);
  // Shuts it down and forgets it.
  void ShutDown(int64_t id);
  void TakeOutOfReserve(int64_t id);

 private:
  using Connections = std::map<int64_t, std::shared_ptr<Connection>>;
  // These need mu_ held.
  Connections::iterator Forget(Connections::iterator connection);
  // Null if it is closed.
  absl::optional<State> StateOf(const Connections::value_type& connection);
  void ShutDown(const Connection& connection, int how);
  void ShutDownEvery(int how);

  const IdleTime idle_time_;
  Clock& clock_;
  mutable std::mutex mu_;
  // guarded by mu_
  SocketCopy copy_;
  Connections connections_;
  std::unordered_map<std::string, int64_t> ids_;  // by peer
  int in_reserve_ = 0;
  int64_t next_id_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_NET_CONNECTION_TABLE_H_
