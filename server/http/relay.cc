#include "server/http/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "model/base/status_macros.h"
#include "server/net/socket_address.h"

namespace edgenext::serving {
namespace {

UniqueFd ConnectToLoopback(int port) {
  absl::StatusOr<SocketAddress> address = ResolveAddress("127.0.0.1", port);
  if (!address.ok()) return UniqueFd();
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), address->get(), address->length) == 0 ? std::move(fd) : UniqueFd();
}

// The accepted descriptor does not block; here one thread has nothing else to do.
void MakeBlocking(int fd, int send_timeout_ms) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const timeval timeout = {send_timeout_ms / 1000, send_timeout_ms % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

// Moves what can be read at once. False if `from` has ended or `to` does not take it.
bool MoveBytes(int from, int to) {
  char buffer[16 << 10];
  const ssize_t got = recv(from, buffer, sizeof buffer, 0);
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t moved = send(to, buffer + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
    if (moved <= 0) return false;
    sent += moved;
  }
  return got > 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Relay>> Relay::Start(const Options& options) {
  EDGENEXT_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, Listener::Bind(options.listener));
  return std::unique_ptr<Relay>(new Relay(options, std::move(listener)));
}

Relay::Relay(const Options& options, std::unique_ptr<Listener> listener)
    : options_(options), listener_(std::move(listener)), stop_event_(eventfd(0, EFD_CLOEXEC)) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Run(); });
  listener_->Start([this](UniqueFd fd) {
    std::lock_guard<std::mutex> lock(mu_);
    accepted_.push_back(std::move(fd));
    changed_.notify_one();
  });
}

Relay::~Relay() {
  listener_->Stop();
  const uint64_t one = 1;
  (void)!write(stop_event_.get(), &one, sizeof one);
  {
    std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Relay::Run() {
  while (true) {
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait(lock, [this] { return stopping_ || !accepted_.empty(); });
    if (stopping_) return;
    UniqueFd client = std::move(accepted_.front());
    accepted_.pop_front();
    lock.unlock();
    Forward(std::move(client));
  }
}

void Relay::Forward(UniqueFd client) const {
  const UniqueFd target = ConnectToLoopback(options_.target_port);
  if (!target.valid()) return;
  MakeBlocking(client.get(), options_.timeout_ms);
  pollfd events[] = {{client.get(), POLLIN, 0}, {target.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}};
  while (poll(events, 3, -1) > 0 && events[2].revents == 0) {
    if (events[0].revents != 0 && !MoveBytes(client.get(), target.get())) {
      shutdown(target.get(), SHUT_WR);
      events[0].fd = -1;  // what the target still says goes on
    }
    if (events[1].revents != 0 && !MoveBytes(target.get(), client.get())) break;
  }
}

}  // namespace edgenext::serving
