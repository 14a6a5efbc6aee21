#include "client/server_address.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace edgenext {
namespace {

constexpr int kDefaultPort = 8001;

bool HasScheme(absl::string_view address) {
  for (const absl::string_view scheme : {"dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:"}) {
    if (absl::StartsWith(address, scheme) && address.size() > scheme.size()) return true;
  }
  return false;
}

absl::Status WrongAddress(absl::string_view address, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("server address '", address, "' ", why,
                                                 "; expected HOST:PORT, [IPV6]:PORT or unix:/path"));
}

}  // namespace

absl::StatusOr<std::string> ParseServerAddress(absl::string_view address) {
  if (HasScheme(address)) return std::string(address);
  absl::string_view host = address;
  absl::string_view port_text;
  if (absl::StartsWith(address, "[")) {
    const size_t end = address.find(']');
    if (end == absl::string_view::npos) return WrongAddress(address, "has no closing ']'");
    host = address.substr(0, end + 1);
    port_text = address.substr(end + 1);
    if (!port_text.empty() && port_text.front() != ':') return WrongAddress(address, "has text after ']'");
  } else if (const size_t colon = address.find(':'); colon != absl::string_view::npos) {
    host = address.substr(0, colon);
    port_text = address.substr(colon);
    if (port_text.find(':', 1) != absl::string_view::npos) {
      return WrongAddress(address, "has more than one ':' (an IPv6 address needs brackets)");
    }
  }
  if (host.empty() || host == "[]") return WrongAddress(address, "names no host");
  if (port_text.empty()) return absl::StrCat(host, ":", kDefaultPort);
  int port = 0;
  if (!absl::SimpleAtoi(port_text.substr(1), &port) || port < 1 || port > 65535) {
    return WrongAddress(address, "has no port from 1 to 65535");
  }
  return absl::StrCat(host, ":", port);
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace edgenext
