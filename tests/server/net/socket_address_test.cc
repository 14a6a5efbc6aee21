#include "server/net/socket_address.h"

#include <sys/socket.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(SocketAddressTest, TextAndBack) {
  for (const auto& [host, port, text] :
       {std::tuple{"127.0.0.1", 8001, "127.0.0.1:8001"}, std::tuple{"0.0.0.0", 0, "0.0.0.0:0"},
        std::tuple{"::1", 8001, "[::1]:8001"}, std::tuple{"[::1]", 65535, "[::1]:65535"},
        std::tuple{"unix:/run/edgenext.sock", 8001, "unix:/run/edgenext.sock"}}) {
    ASSERT_OK_AND_ASSIGN(const SocketAddress address, ResolveAddress(host, port));
    EXPECT_EQ(address.ToString(), text);
  }
}

TEST(SocketAddressTest, KnowsItsParts) {
  ASSERT_OK_AND_ASSIGN(const SocketAddress ipv4, ResolveAddress("127.0.0.1", 8001));
  EXPECT_EQ(ipv4.family(), AF_INET);
  EXPECT_EQ(ipv4.port(), 8001);
  EXPECT_EQ(ipv4.unix_path(), "");
  ASSERT_OK_AND_ASSIGN(const SocketAddress ipv6, ResolveAddress("::1", 8002));
  EXPECT_EQ(ipv6.family(), AF_INET6);
  EXPECT_EQ(ipv6.port(), 8002);
  ASSERT_OK_AND_ASSIGN(const SocketAddress unix_address, ResolveAddress("unix:/a/b", 8001));
  EXPECT_TRUE(unix_address.is_unix());
  EXPECT_EQ(unix_address.port(), 0);
  EXPECT_EQ(unix_address.unix_path(), "/a/b");
}

TEST(SocketAddressTest, LocalhostIsResolved) {
  ASSERT_OK_AND_ASSIGN(const SocketAddress address, ResolveAddress("localhost", 80));
  EXPECT_EQ(address.port(), 80);
}

TEST(SocketAddressTest, WhatMakesNoSenseIsNamed) {
  const auto is_invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(ResolveAddress("127.0.0.1", -1), is_invalid("port -1"));
  EXPECT_THAT(ResolveAddress("127.0.0.1", 65536), is_invalid("port 65536"));
  EXPECT_THAT(ResolveAddress("", 80), is_invalid("host ''"));
  EXPECT_THAT(ResolveAddress("[::1", 80), is_invalid("'[' without ']'"));
  EXPECT_THAT(ResolveAddress("1.2.3.4.5", 80), is_invalid("1.2.3.4.5"));
  EXPECT_THAT(ResolveAddress("unix:", 0), is_invalid("has 0 bytes, expected 1 to 107"));
  EXPECT_THAT(ResolveAddress("unix:/" + std::string(107, 'x'), 0), is_invalid("has 108 bytes"));
}

}  // namespace
}  // namespace edgenext::serving
