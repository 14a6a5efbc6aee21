#include "server/net/connection_table.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "server/net/unique_fd.h"

namespace edgenext::serving {
namespace {

// 0 if `fd` is not an open socket.
ino_t SocketInode(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

}  // namespace

void ConnectionTable::Add(int fd) {
  std::lock_guard<std::mutex> lock(mu_);
  connections_.push_back({fd, SocketInode(fd)});
}

int ConnectionTable::Count() {
  std::lock_guard<std::mutex> lock(mu_);
  connections_.erase(std::remove_if(connections_.begin(), connections_.end(),
                                    [](const Connection& c) { return SocketInode(c.fd) != c.inode; }),
                     connections_.end());
  return static_cast<int>(connections_.size());
}

void ConnectionTable::HalfCloseAll() { ShutDown(SHUT_WR); }

void ConnectionTable::ShutDownAll() { ShutDown(SHUT_RDWR); }

void ConnectionTable::ShutDown(int how) {
  std::lock_guard<std::mutex> lock(mu_);
  for (const Connection& connection : connections_) {
    // The owner may close the descriptor at any moment and something else may take its number: the copy
    // cannot change under us, so it is looked at first.
    const UniqueFd copy(fcntl(connection.fd, F_DUPFD_CLOEXEC, 0));
    if (SocketInode(copy.get()) == connection.inode) shutdown(copy.get(), how);
  }
}

int ConnectionTable::CountAtMost() const {
  std::lock_guard<std::mutex> lock(mu_);
  return static_cast<int>(connections_.size());
}

}  // namespace edgenext::serving
