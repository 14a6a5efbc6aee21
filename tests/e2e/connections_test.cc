// What the built server does with its connections.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"
#include "tests/server/rpc/http2_peer.h"

namespace edgenext::testing {
namespace {

using grpc::health::v1::HealthCheckResponse;

int PortOf(const std::string& address) { return std::stoi(address.substr(address.rfind(':') + 1)); }

TEST(ConnectionsTest, SilentOnesBeyondTheLimitKeepNobodyOut) {
  constexpr int kLimit = 3, kReserve = 8;
  ServerProcess server({absl::StrCat("--max-connections=", kLimit)});
  ASSERT_TRUE(server.WaitUntilReady());
  std::vector<std::unique_ptr<Http2Peer>> silent;
  for (int i = 0; i < kLimit + kReserve; ++i) {
    silent.push_back(std::make_unique<Http2Peer>(PortOf(server.grpc_address())));
  }
  ASSERT_TRUE(Eventually([&] { return server.Metric("edgenext_connections") == kLimit + kReserve; }));
  ASSERT_TRUE(
      Eventually([&] { return Client(server.grpc_address()).Health("") == HealthCheckResponse::SERVING; }));
  EXPECT_GE(server.Metric("edgenext_connections_closed_total{reason=\"idle\"}"), 1);
  v1::ClassifyResponse response;
  EXPECT_TRUE(Eventually(
      [&] { return Client(server.grpc_address()).Classify(SampleImage("penguin.jpg"), &response).ok(); }));
}

}  // namespace
}  // namespace edgenext::testing
