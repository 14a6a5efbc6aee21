#ifndef TESTS_SERVER_HTTP_HTTP_CLIENT_H_
#define TESTS_SERVER_HTTP_HTTP_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace edgenext::testing {

// A TCP connection to a loopback port; waits at most 10 s for anything. Closed at the end of its scope.
class Connection {
 public:
  explicit Connection(int port, const std::string& host = "127.0.0.1") {
    sockaddr_in6 ipv6 = {};
    sockaddr_in ipv4 = {};
    const bool is_ipv6 = inet_pton(AF_INET6, host.c_str(), &ipv6.sin6_addr) == 1;
    inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr);
    ipv6.sin6_family = AF_INET6;
    ipv4.sin_family = AF_INET;
    ipv6.sin6_port = ipv4.sin_port = htons(static_cast<uint16_t>(port));
    fd_ = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval timeout = {10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    connected_ = is_ipv6 ? connect(fd_, reinterpret_cast<const sockaddr*>(&ipv6), sizeof ipv6) == 0
                         : connect(fd_, reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4) == 0;
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& text) const { (void)!send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Until the peer closes or nothing comes for 10 s.
  std::string ReadAll() const {
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = recv(fd_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<size_t>(got));
    return all;
  }

 private:
  int fd_;
  bool connected_;
};

inline bool HasIpv6() {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return bound;
}

struct HttpAnswer {
  int status = 0;                              // 0: no answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

inline HttpAnswer ParseHttpAnswer(const std::string& text) {
  HttpAnswer answer;
  const size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos) return answer;
  answer.body = text.substr(head_end + 4);
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text).substr(0, head_end), "\r\n")) {
    const std::pair<std::string, std::string> header = absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (answer.status == 0) {
      if (!absl::SimpleAtoi(line.substr(line.find(' ') + 1, 3), &answer.status)) return {};
    } else {
      answer.headers[absl::AsciiStrToLower(header.first)] = header.second;
    }
  }
  return answer;
}

inline HttpAnswer HttpRequest(int port, const std::string& method, const std::string& path,
                              const std::string& host = "127.0.0.1") {
  const Connection connection(port, host);
  if (!connection.connected()) return {};
  connection.Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: test\r\n\r\n"));
  return ParseHttpAnswer(connection.ReadAll());
}

inline HttpAnswer HttpGet(int port, const std::string& path) { return HttpRequest(port, "GET", path); }

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_HTTP_HTTP_CLIENT_H_
