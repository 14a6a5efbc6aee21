#include "server/net/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace edgenext::serving {
namespace {

constexpr absl::string_view kUnixPrefix = "unix:";

// The storage seen as the address it holds. Goes through void*, because the types are unrelated to the
// compiler.
template <typename T>
const T& As(const sockaddr_storage& storage) {
  return *static_cast<const T*>(static_cast<const void*>(&storage));
}

absl::StatusOr<SocketAddress> UnixAddress(absl::string_view path) {
  sockaddr_un unix_address = {};
  if (path.empty() || path.size() >= sizeof(unix_address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("unix socket path '", path, "' has ", path.size(),
                                                   " bytes, expected 1 to ",
                                                   sizeof(unix_address.sun_path) - 1));
  }
  if (absl::string_view::npos != path.find('\0')) {
    return absl::InvalidArgumentError("unix socket path has a zero byte in it");
  }
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  SocketAddress address;
  std::memcpy(&address.storage, &unix_address, sizeof(unix_address));
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

}  // namespace

sockaddr* SocketAddress::get() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
const sockaddr* SocketAddress::get() const {
  return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
}

int SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(As<sockaddr_in>(storage).sin_port);
  if (family() == AF_INET6) return ntohs(As<sockaddr_in6>(storage).sin6_port);
  return 0;
}

std::string SocketAddress::unix_path() const {
  return is_unix() ? std::string(As<sockaddr_un>(storage).sun_path) : std::string();
}

std::string SocketAddress::ToString() const {
  if (is_unix()) return absl::StrCat(kUnixPrefix, unix_path());
  char text[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &As<sockaddr_in>(storage).sin_addr, text, sizeof(text));
    return absl::StrCat(text, ":", port());
  }
  inet_ntop(AF_INET6, &As<sockaddr_in6>(storage).sin6_addr, text, sizeof(text));
  return absl::StrCat("[", text, "]:", port());
}

absl::StatusOr<SocketAddress> ResolveAddress(absl::string_view host, int port) {
  if (absl::StartsWith(host, kUnixPrefix)) return UnixAddress(absl::StripPrefix(host, kUnixPrefix));
  if (port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("port ", port, ", expected 0 to 65535"));
  }
  absl::string_view bare = host;
  if (absl::ConsumePrefix(&bare, "[") && !absl::ConsumeSuffix(&bare, "]")) {
    return absl::InvalidArgumentError(absl::StrCat("host '", host, "' has '[' without ']'"));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      bare.empty() ? EAI_NONAME
                   : getaddrinfo(std::string(bare).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat("host '", host, "': ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  return address;
}

std::string PeerOf(int fd) {
  SocketAddress peer;
  peer.length = sizeof(peer.storage);
  if (getpeername(fd, peer.get(), &peer.length) != 0) return "";
  if (peer.family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&As<sockaddr_in6>(peer.storage).sin6_addr)) {
    const auto& mapped = As<sockaddr_in6>(peer.storage);
    sockaddr_in ipv4 = {};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = mapped.sin6_port;
    std::memcpy(&ipv4.sin_addr, &mapped.sin6_addr.s6_addr[12], sizeof(ipv4.sin_addr));
    std::memcpy(&peer.storage, &ipv4, sizeof(ipv4));
    peer.length = sizeof(ipv4);
  }
  return peer.ToString();
}

}  // namespace edgenext::serving
