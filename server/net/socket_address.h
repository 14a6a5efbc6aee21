#ifndef SERVER_NET_SOCKET_ADDRESS_H_
#define SERVER_NET_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace edgenext::serving {

// An IPv4, IPv6 or unix socket address. A value type.
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  sockaddr* get();
  const sockaddr* get() const;

  // The port of an IPv4 or IPv6 address; 0 for a unix socket.
  int port() const;
  // The file of a unix socket; "" for others.
  std::string unix_path() const;
  // As gRPC clients take it: "127.0.0.1:8001", "[::1]:8001", "unix:/path".
  std::string ToString() const;
};

// `host` is an IPv4 address, an IPv6 address with or without brackets, a host name (its first address
// counts), or `unix:/path`, which takes no port. INVALID_ARGUMENT names what is wrong.
absl::StatusOr<SocketAddress> ResolveAddress(absl::string_view host, int port);

// Who is at the other end of a connected socket, as ToString says it; an IPv4 address that an IPv6 socket
// has accepted is one. "" if it is not connected.
std::string PeerOf(int fd);

}  // namespace edgenext::serving

#endif  // SERVER_NET_SOCKET_ADDRESS_H_
