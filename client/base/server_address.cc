#include "client/base/server_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

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

// Of "HOST:PORT", "HOST" or "[IPV6]:PORT".
absl::string_view HostOf(absl::string_view endpoint) {
  if (absl::StartsWith(endpoint, "[")) return endpoint.substr(1, endpoint.find(']') - 1);
  return endpoint.substr(0, endpoint.find(':'));
}

bool IsLoopbackHost(absl::string_view host) {
  if (absl::EqualsIgnoreCase(host, "localhost")) return true;
  const std::string text(host);
  in_addr four = {};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24U == 127;
  in6_addr six = {};
  return inet_pton(AF_INET6, text.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  return arguments;
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

bool IsLoopback(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:")) return true;
  if (absl::StartsWith(target, "xds:")) return false;
  if (absl::ConsumePrefix(&target, "dns:")) {
    // "dns:NAME", or "dns://SERVER/NAME" with a name server that may say anything.
    if (absl::StartsWith(target, "//") && !absl::ConsumePrefix(&target, "///")) return false;
  } else if (!absl::ConsumePrefix(&target, "ipv4:")) {
    absl::ConsumePrefix(&target, "ipv6:");
  }
  for (const absl::string_view endpoint : absl::StrSplit(target, ',')) {
    if (!IsLoopbackHost(HostOf(endpoint))) return false;
  }
  return true;
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& target) {
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), Arguments());
}

std::shared_ptr<grpc::Channel> OpenChannelOfItsOwn(const std::string& target) {
  grpc::ChannelArguments arguments = Arguments();
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace edgenext
