#include "server/net/socket_copy.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace edgenext::serving {

ino_t SocketInode(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

SocketCopy::SocketCopy()
    : nothing_(eventfd(0, EFD_CLOEXEC)), copy_(fcntl(nothing_.get(), F_DUPFD_CLOEXEC, 0)) {}

int SocketCopy::Take(int fd, ino_t inode) {
  if (!copy_.valid() || dup3(fd, copy_.get(), O_CLOEXEC) < 0) return -1;
  if (SocketInode(copy_.get()) == inode) return copy_.get();
  Drop();
  return -1;
}

void SocketCopy::Drop() { dup3(nothing_.get(), copy_.get(), O_CLOEXEC); }

}  // namespace edgenext::serving
