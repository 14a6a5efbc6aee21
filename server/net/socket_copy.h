#ifndef SERVER_NET_SOCKET_COPY_H_
#define SERVER_NET_SOCKET_COPY_H_

#include <sys/types.h>

#include "server/net/unique_fd.h"

namespace edgenext::serving {

// The inode of a socket, by which it is told from another that took its descriptor's number. 0 if `fd` is
// none that is open.
ino_t SocketInode(int fd);

// Holds a copy of one descriptor at a time that somebody else owns and may close at any moment: the copy
// cannot change under its user. The copies take a number that is held ready, so none needs a spare descriptor
// when they have run out. Thread-compatible.
class SocketCopy {
 public:
  SocketCopy();  // takes two descriptors; without them there are no copies
  ~SocketCopy() = default;
  SocketCopy(const SocketCopy&) = delete;
  SocketCopy& operator=(const SocketCopy&) = delete;

  // A copy of the socket `fd`, in place of the one before; -1 if that is not (any more) the one of `inode`.
  int Take(int fd, ino_t inode);
  // Lets go of the copy, which otherwise keeps the socket open.
  void Drop();

 private:
  const UniqueFd nothing_;  // what the number stands for in between
  const UniqueFd copy_;
};

}  // namespace edgenext::serving

#endif  // SERVER_NET_SOCKET_COPY_H_
