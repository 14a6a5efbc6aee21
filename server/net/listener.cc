#include "server/net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/log.h"
#include "model/base/status_macros.h"

namespace edgenext::serving {
namespace {

// How long to leave the listening socket alone when descriptors or memory have run out.
constexpr int kExhaustedWaitMs = 50;
// How often to look for room for the connections in the reserve.
constexpr int kReserveWaitMs = 100;

absl::Status ErrnoError(int error, absl::string_view what, const SocketAddress& address) {
  return absl::ErrnoToStatus(error, absl::StrCat(what, " ", address.ToString()));
}

void SetOption(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof(value)); }

// The inode of the unix socket's file, 0 if there is none.
ino_t InodeOf(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

// Removes the file of a unix socket whose listener has gone. A file that is no socket, or one somebody
// listens on, is left for bind to complain about.
void RemoveStaleSocket(const SocketAddress& address) {
  const std::string path = address.unix_path();
  if (InodeOf(path) == 0) return;
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED) unlink(path.c_str());
}

ConnectionLimits LimitsFor(const Listener::Options& options, const SocketAddress& address) {
  ConnectionLimits limits = options.limits;
  if (address.is_unix()) limits.reserve = 0;
  return limits;
}

bool OutOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(const Options& options) {
  EDGENEXT_ASSIGN_OR_RETURN(SocketAddress address, ResolveAddress(options.host, options.port));
  UniqueFd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return ErrnoError(errno, "no socket for", address);
  if (address.is_unix()) {
    RemoveStaleSocket(address);
  } else {
    // A restarted server need not wait for its predecessor's connections to leave TIME_WAIT. Two servers that
    // listen at once are still an error.
    SetOption(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (address.family() == AF_INET6) SetOption(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  if (bind(socket.get(), address.get(), address.length) != 0) {
    if (errno == EADDRINUSE) return absl::AlreadyExistsError(absl::StrCat(address.ToString(), " is in use"));
    if (errno == EADDRNOTAVAIL) {
      return absl::InvalidArgumentError(absl::StrCat(address.ToString(), " is no address of this machine"));
    }
    return ErrnoError(errno, "cannot bind", address);
  }
  if (listen(socket.get(), SOMAXCONN) != 0) {
    if (errno == EADDRINUSE) return absl::AlreadyExistsError(absl::StrCat(address.ToString(), " is in use"));
    return ErrnoError(errno, "cannot listen on", address);
  }
  if (!address.is_unix()) {
    address.length = sizeof(address.storage);
    if (getsockname(socket.get(), address.get(), &address.length) != 0) {
      return ErrnoError(errno, "cannot read the port of", address);
    }
  }
  UniqueFd stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event.valid()) return absl::ErrnoToStatus(errno, "eventfd");
  return std::unique_ptr<Listener>(new Listener(options, address, std::move(socket), std::move(stop_event)));
}

Listener::Listener(const Options& options, SocketAddress address, UniqueFd socket, UniqueFd stop_event)
    : address_(address),
      stop_event_(std::move(stop_event)),
      unix_inode_(address.is_unix() ? InodeOf(address.unix_path()) : 0),
      socket_(std::move(socket)),
      connections_(SocketIdleTime, options.clock),
      limit_(LimitsFor(options, address), &connections_, options.clock) {}

Listener::~Listener() { Stop(); }

void Listener::Start(Handler handler) {
  handler_ = std::move(handler);
  thread_ = std::thread([this] { AcceptLoop(); });
}

void Listener::Stop() {
  eventfd_write(stop_event_.get(), 1);
  if (thread_.joinable()) thread_.join();
  if (!socket_.valid()) return;
  socket_.Close();
  // Only our own file: a successor may have replaced it.
  if (address_.is_unix() && InodeOf(address_.unix_path()) == unix_inode_)
    unlink(address_.unix_path().c_str());
}

void Listener::AcceptLoop() {
  pollfd polled[] = {{stop_event_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
  bool exhausted = false;
  while (true) {
    // Exhausted: wait for the stop event alone, since the listening socket stays readable.
    const bool reserve_in_use = limit_.reserve_in_use();
    poll(polled, exhausted ? 1 : 2, exhausted ? kExhaustedWaitMs : reserve_in_use ? kReserveWaitMs : -1);
    if ((polled[0].revents & POLLIN) != 0) return;
    if (reserve_in_use) limit_.ServeReserve();
    const bool was_exhausted = std::exchange(exhausted, !AcceptPending());
    if (exhausted && !was_exhausted) {
      Log(LogLevel::kWarning, "out of descriptors or memory, accepting pauses",
          {{"address", address_.ToString()}, {"connections", connections_.Count()}});
    }
  }
}

bool Listener::AcceptPending() {
  while (true) {
    UniqueFd fd(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      HandOver(std::move(fd));
    } else if (OutOfResources(errno)) {
      return false;
    } else if (errno == EAGAIN) {
      return true;
    }
    // Other errors belong to the connection that was about to be accepted, which is gone: on to the next.
  }
}

void Listener::HandOver(UniqueFd fd) {
  const ConnectionLimit::Place place = limit_.Admit();
  if (place == ConnectionLimit::Place::kNone) return;
  if (!address_.is_unix()) SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  connections_.Add(fd.get(), place == ConnectionLimit::Place::kReserve);
  handler_(std::move(fd));
}

}  // namespace edgenext::serving
