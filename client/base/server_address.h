#ifndef CLIENT_BASE_SERVER_ADDRESS_H_
#define CLIENT_BASE_SERVER_ADDRESS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/grpcpp.h"

namespace edgenext {

inline constexpr char kDefaultServer[] = "127.0.0.1:8001";

// gRPC's target for what a user writes: "HOST:PORT", "HOST" (port 8001), "[IPV6]:PORT", "unix:/path", or any
// target with a scheme of gRPC's ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:").
// INVALID_ARGUMENT names what is wrong.
absl::StatusOr<std::string> ParseServerAddress(absl::string_view address);

// Whether what ParseServerAddress returned can only be this machine: 127.0.0.0/8, ::1, localhost or a unix
// socket. Another name is not looked up, and may be any machine.
bool IsLoopback(absl::string_view target);

// A channel to the target, without TLS. Connects on the first call. Waits between attempts to connect are
// short, because the client has a budget of its own for retries; proxies from the environment are not used.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& target);
// The same with a connection that it shares with no other channel.
std::shared_ptr<grpc::Channel> OpenChannelOfItsOwn(const std::string& target);

}  // namespace edgenext

#endif  // CLIENT_BASE_SERVER_ADDRESS_H_
