#ifndef SERVER_NET_UNIQUE_FD_H_
#define SERVER_NET_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace edgenext::serving {

// Owns a file descriptor and closes it. Movable. -1 is none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { Close(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.Release();
    }
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // The caller owns it from now on.
  int Release() { return std::exchange(fd_, -1); }
  void Close() {
    if (const int fd = Release(); fd >= 0) close(fd);
  }

 private:
  int fd_ = -1;
};

}  // namespace edgenext::serving

#endif  // SERVER_NET_UNIQUE_FD_H_
