#include "client/load/http_get.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/steady_time.h"

namespace edgenext {
namespace {

constexpr size_t kMostBytes = size_t{16} << 20U;

// Until `descriptor` is ready for `events`.
absl::Status Wait(int descriptor, short events, SteadyTime deadline) {
  while (true) {
    pollfd entry = {descriptor, events, 0};
    const int64_t left = absl::ToInt64Milliseconds(absl::Ceil(deadline - SteadyNow(), absl::Milliseconds(1)));
    if (left <= 0) return absl::DeadlineExceededError("no answer in time");
    const int ready = poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "cannot wait");
  }
}

absl::Status Connect(int descriptor, const addrinfo& address, SteadyTime deadline) {
  if (connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return absl::OkStatus();
  if (errno != EINPROGRESS) return absl::UnavailableError("cannot connect");
  if (absl::Status status = Wait(descriptor, POLLOUT, deadline); !status.ok()) return status;
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    return absl::UnavailableError("cannot connect");
  }
  return absl::OkStatus();
}

absl::Status SendAll(int descriptor, absl::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    if (absl::Status status = Wait(descriptor, POLLOUT, deadline); !status.ok()) return status;
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return absl::UnavailableError("cannot send");
    if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(int descriptor, SteadyTime deadline) {
  std::string answer;
  std::array<char, size_t{1} << 16U> piece;
  while (true) {
    if (absl::Status status = Wait(descriptor, POLLIN, deadline); !status.ok()) return status;
    const ssize_t got = recv(descriptor, piece.data(), piece.size(), 0);
    if (got == 0) return answer;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return absl::UnavailableError("the connection broke");
    if (got > 0) answer.append(piece.data(), static_cast<size_t>(got));
    if (answer.size() > kMostBytes) return absl::UnknownError("the answer is over 16 MiB");
  }
}

absl::StatusOr<std::string> BodyOf(const std::string& answer) {
  const size_t line_end = answer.find("\r\n");
  const size_t head_end = answer.find("\r\n\r\n");
  if (head_end == std::string::npos || !absl::StartsWith(answer, "HTTP/1.")) {
    return absl::UnknownError("the answer is not HTTP");
  }
  // "HTTP/1.1 200 OK"
  if (answer.substr(8, 5) != " 200 ") {
    return absl::UnknownError(
        absl::StrCat("the answer is ", answer.substr(0, std::min<size_t>(line_end, 80))));
  }
  return answer.substr(head_end + 4);
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& address, absl::string_view path,
                                    absl::Duration timeout) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return absl::InvalidArgumentError("expected HOST:PORT");
  std::string host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot resolve ", host));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  const SteadyTime deadline = SteadyNow() + timeout;
  absl::Status status;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    const int descriptor = socket(next->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return absl::ErrnoToStatus(errno, "cannot make a socket");
    const absl::Cleanup close_it = [descriptor] { close(descriptor); };
    status = Connect(descriptor, *next, deadline);
    if (!status.ok()) continue;
    status =
        SendAll(descriptor, absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: ", address, "\r\n\r\n"), deadline);
    if (!status.ok()) return status;
    const absl::StatusOr<std::string> answer = ReadAll(descriptor, deadline);
    return answer.ok() ? BodyOf(*answer) : answer;
  }
  return status;
}

}  // namespace edgenext
