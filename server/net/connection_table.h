#ifndef SERVER_NET_CONNECTION_TABLE_H_
#define SERVER_NET_CONNECTION_TABLE_H_

#include <sys/types.h>

#include <mutex>
#include <vector>

namespace edgenext::serving {

// Knows which accepted connections are still open, although somebody else closes them: gRPC owns a connection
// from the moment it is handed over and does not tell when it ends. A descriptor number may be taken again by
// anything, so a connection is known by its descriptor and its socket's inode. Thread-safe.
class ConnectionTable {
 public:
  // `fd` is an open socket. Called before it is handed over.
  void Add(int fd);
  // How many are open, after looking at each (a system call a connection).
  int Count();
  // The same from the last look, with what was added since: never less than what is open.
  int CountAtMost() const;
  // Ends what is sent on every open connection: the peer gets what was written, then the end, and its close
  // lets the owner close. What the peer still sends is read, so that nothing is lost on the way to it.
  void HalfCloseAll();
  // Shuts both directions of every open connection down, so that its owner closes it.
  void ShutDownAll();
  // Both need a spare descriptor and pass over what they had none for: who has to reach every connection
  // calls them again while there are some.

 private:
  void ShutDown(int how);

  struct Connection {
    int fd;
    ino_t inode;
  };
  mutable std::mutex mu_;
  std::vector<Connection> connections_;  // guarded by mu_
};

}  // namespace edgenext::serving

#endif  // SERVER_NET_CONNECTION_TABLE_H_
