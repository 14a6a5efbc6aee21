// What a connection may do, and for how long: as HTTP/2 says it, and as it is kept.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/http2_peer.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using testing::Classify;
using ::testing::HasSubstr;
using testing::Http2Peer;
using testing::IsGrpcOk;
using testing::kClassify;
using testing::LoopbackServer;
using testing::RawCall;
using testing::Red;

constexpr char kServerLive[] = "/inference.GRPCInferenceService/ServerLive";

// A server whose rpc options a test has changed.
struct ServerWith : LoopbackServer {
  template <typename Change>
  explicit ServerWith(Change change) : LoopbackServer(Changed(change)) {}
  template <typename Change>
  static Options Changed(Change change) {
    Options options;
    change(options.rpc);
    return options;
  }
};

TEST(ConnectionSettingsTest, SaysItsLimits) {
  ServerWith server([](RpcServer::Options& rpc) { rpc.max_concurrent_streams = 77; });
  Http2Peer peer(server.rpc().port());
  peer.SayHello();
  const std::map<int, uint32_t> settings = peer.ReadSettings();
  EXPECT_EQ(settings.at(Http2Peer::kMaxConcurrentStreams), 77u);
  EXPECT_EQ(settings.at(Http2Peer::kInitialWindowSize), 256u << 10);
  EXPECT_EQ(settings.at(Http2Peer::kMaxHeaderListSize), 16u << 10);
}

// gRPC probes the path with a ping after the first data. What it finds out must not change the windows, nor
// may it be late to open the connection's, which HTTP/2 begins with 65,535.
TEST(ConnectionSettingsTest, ProbingThePathChangesNoWindow) {
  LoopbackServer server;
  Http2Peer peer(server.rpc().port());
  peer.SayHello();
  peer.SendFrame(Http2Peer::kSettings, 1 /* ACK */, 0, "");
  const auto opened = peer.ReadUntil(Http2Peer::kWindowUpdate);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->stream, 0u);
  EXPECT_EQ(Http2Peer::Number(opened->payload), (256u << 10) - 65535);

  peer.SendCall(1, kServerLive);
  peer.SendMessage(1, "");
  const auto ping = peer.ReadUntil(Http2Peer::kPing);
  ASSERT_TRUE(ping);
  peer.SendFrame(Http2Peer::kPing, 1 /* ACK */, 0, ping->payload);
  peer.SendCall(3, kServerLive);
  peer.SendMessage(3, "");
  for (auto frame = peer.Read(); frame; frame = peer.Read()) {
    if (frame->type == Http2Peer::kSettings) {
      EXPECT_EQ(Http2Peer::ToSettings(*frame).count(Http2Peer::kInitialWindowSize), 0u);
    }
    if (frame->type == Http2Peer::kWindowUpdate) {
      EXPECT_LE(Http2Peer::Number(frame->payload), 10u) << "the bytes of two empty messages";
    }
    if (frame->stream == 3 && (frame->flags & 1) != 0) break;  // the call's end
  }
  EXPECT_EQ(server.metrics().Requests(Method::kServerLive, StatusCode::OK, ""), 2);
}

TEST(ConnectionSettingsTest, AHeaderOf20KilobytesIsRefused) {
  LoopbackServer server;
  const auto channel = server.Connect();
  for (const size_t bytes : {size_t{12} << 10, size_t{20} << 10}) {
    grpc::ClientContext context;
    context.set_deadline(testing::HangDeadline());
    context.AddMetadata("x-padding", std::string(bytes, 'x'));
    v1::ClassifyResponse response;
    const grpc::Status status = v1::Classifier::NewStub(channel)->Classify(&context, Red(), &response);
    if (bytes < 16u << 10) {
      EXPECT_THAT(status, IsGrpcOk());
    } else {
      EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
    }
  }
}

TEST(ConnectionSettingsTest, CallsBeyondTheStreamsOfAConnectionWait) {
  ServerWith server([](RpcServer::Options& rpc) { rpc.max_concurrent_streams = 2; });
  server.gate().Close();
  const auto channel = server.Connect();
  std::vector<std::future<testing::ClassifyResult>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return Classify(channel, Red()); }));
  }
  const auto two_images = static_cast<int64_t>(2 * Red().ByteSizeLong());
  testing::AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == two_images; });
  EXPECT_THAT(Classify(server.Connect(), v1::ClassifyRequest()).status.error_message(), HasSubstr("empty"))
      << "another connection has streams of its own";
  EXPECT_EQ(server.pipeline().Gauges().queue_depth, 1) << "the third has not come";
  server.gate().Open();
  for (auto& call : calls) EXPECT_THAT(call.get().status, IsGrpcOk());
}

TEST(ConnectionSettingsTest, ASilentConnectionIsClosed) {
  ServerWith server([](RpcServer::Options& rpc) { rpc.handshake_timeout = absl::Milliseconds(100); });
  Http2Peer silent(server.rpc().port());
  EXPECT_TRUE(silent.IsClosed());
  testing::AwaitCondition([&] { return server.rpc().Connections() == 0; });
}

TEST(ConnectionSettingsTest, AConnectionWithoutCallsIsAskedToEnd) {
  ServerWith server([](RpcServer::Options& rpc) { rpc.max_connection_idle = absl::Milliseconds(100); });
  Http2Peer peer(server.rpc().port());
  peer.SayHello();
  EXPECT_TRUE(peer.ReadUntil(Http2Peer::kGoAway));
}

TEST(ConnectionSettingsTest, AnOldConnectionIsAskedToEndAndClosedAfterItsGrace) {
  ServerWith server([](RpcServer::Options& rpc) {
    rpc.max_connection_age = absl::Milliseconds(200);
    rpc.max_connection_age_grace = absl::Milliseconds(200);
  });
  server.gate().Close();
  RawCall open(server.Connect(), kClassify);
  ASSERT_TRUE(open.Write(Red().SerializeAsString()));
  Http2Peer peer(server.rpc().port());
  peer.SayHello();
  EXPECT_TRUE(peer.ReadUntil(Http2Peer::kGoAway));
  EXPECT_TRUE(peer.IsClosed());
  EXPECT_EQ(open.Finish().error_code(), StatusCode::UNAVAILABLE) << "a call gets the grace and no more";
}

TEST(ConnectionSettingsTest, APeerThatDoesNotAnswerPingsIsDead) {
  ServerWith server([](RpcServer::Options& rpc) {
    rpc.keepalive_time = absl::Milliseconds(100);
    rpc.keepalive_timeout = absl::Milliseconds(100);
  });
  Http2Peer peer(server.rpc().port());
  peer.SayHello();
  EXPECT_TRUE(peer.ReadUntil(Http2Peer::kPing));
  EXPECT_TRUE(peer.IsClosed());
}

TEST(ConnectionSettingsTest, APeerThatPingsAllTheTimeIsSentAway) {
  LoopbackServer server;
  Http2Peer peer(server.rpc().port());
  peer.SayHello();
  for (int i = 0; i < 5; ++i) peer.SendPing();
  const auto frame = peer.ReadUntil(Http2Peer::kGoAway);
  ASSERT_TRUE(frame);
  EXPECT_EQ(Http2Peer::Number(frame->payload.substr(4, 4)), 11u) << "ENHANCE_YOUR_CALM";
}

TEST(ConnectionSettingsTest, MemoryOverTheQuotaCostsTheConnectionThatHoldsIt) {
  ServerWith server([](RpcServer::Options& rpc) { rpc.memory_quota_bytes = size_t{512} << 10; });
  v1::ClassifyRequest large;
  large.set_image(std::string(size_t{3} << 20, 'x'));
  inference::ModelInferRequest request;
  request.add_raw_input_contents(large.image());
  EXPECT_NE(testing::Infer(server.Connect(), request).status.error_code(), StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace edgenext::serving
