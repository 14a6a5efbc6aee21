// The limit of connections: who gets in when it is reached, and what is answered there.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/http2_peer.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using grpc::health::v1::HealthCheckResponse;
using ::testing::_;
using testing::AwaitCondition;
using testing::Classify;
using ::testing::HasSubstr;
using testing::Http2Peer;
using testing::IsError;
using testing::IsGrpcOk;
using testing::kClassifyStream;
using testing::kModelInfer;
using testing::LoopbackServer;
using testing::RawCall;
using testing::Red;

constexpr int kLimit = 4;
constexpr int kReserve = 2;

class ConnectionReserveTest : public ::testing::Test {
 protected:
  explicit ConnectionReserveTest(absl::Duration idle_after = absl::Hours(1)) : server_(Options(idle_after)) {}
  ~ConnectionReserveTest() override { server_.gate().Open(); }

  static LoopbackServer::Options Options(absl::Duration idle_after) {
    LoopbackServer::Options options;
    options.listener.limits.max_connections = kLimit;
    options.listener.limits.reserve = kReserve;
    options.listener.limits.idle_after = idle_after;
    return options;
  }
  std::shared_ptr<grpc::Channel> Connected() const {
    const auto channel = server_.Connect();
    EXPECT_TRUE(channel->WaitForConnected(testing::HangDeadline()));
    return channel;
  }
  // As many connections as there may be, each with a call that does not end.
  void FillWithCalls() {
    server_.gate().Close();
    for (int i = 0; i < kLimit; ++i) {
      busy_channels_.push_back(Connected());
      busy_.push_back(std::async(std::launch::async,
                                 [channel = busy_channels_.back()] { return Classify(channel, Red()); }));
    }
    const auto images = static_cast<int64_t>(kLimit * Red().ByteSizeLong());
    AwaitCondition([&] { return server_.pipeline().Gauges().inflight_bytes == images; });
  }
  static grpc::Status Health(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(testing::HangDeadline());
    HealthCheckResponse response;
    return grpc::health::v1::Health::NewStub(channel)->Check(&context, grpc::health::v1::HealthCheckRequest(),
                                                             &response);
  }

  LoopbackServer server_;
  std::vector<std::shared_ptr<grpc::Channel>> busy_channels_;
  std::vector<std::future<testing::ClassifyResult>> busy_;
};

TEST_F(ConnectionReserveTest, BusyConnectionsLeaveRoomForHealthChecksAndNothingElse) {
  FillWithCalls();
  const auto channel = Connected();
  EXPECT_THAT(Health(channel), IsGrpcOk());
  const auto refused = Classify(channel, Red());
  EXPECT_THAT(refused.status,
              IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("health checks only")));
  EXPECT_EQ(refused.trailers.count("grpc-retry-pushback-ms"), 1u);
  for (const char* method : {kClassifyStream, kModelInfer}) {
    RawCall call(channel, method);  // refused on its headers
    EXPECT_THAT(call.Finish(), IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", _)) << method;
  }
  EXPECT_EQ(server_.metrics().Requests(Method::kModelInfer, StatusCode::RESOURCE_EXHAUSTED, "colours"), 1);
  RawCall live(channel, "/inference.GRPCInferenceService/ServerLive");
  ASSERT_TRUE(live.Write(""));
  live.Read();
  EXPECT_THAT(live.Finish(), IsGrpcOk()) << "the other protocol's health check";
  server_.gate().Open();
  for (auto& call : busy_) EXPECT_THAT(call.get().status, IsGrpcOk());
}

TEST_F(ConnectionReserveTest, AConnectionInTheReserveIsServedOnceThereIsRoom) {
  FillWithCalls();
  const auto channel = Connected();
  EXPECT_EQ(Classify(channel, Red()).status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  server_.gate().Open();
  for (auto& call : busy_) EXPECT_THAT(call.get().status, IsGrpcOk());
  busy_channels_.pop_back();
  AwaitCondition([&] { return Classify(channel, Red()).status.ok(); });
}

TEST_F(ConnectionReserveTest, BeyondTheReserveTheNewestIsClosedAndCounted) {
  FillWithCalls();
  const auto first = Connected(), second = Connected();
  for (int i = 1; i <= 3; ++i) {
    Http2Peer newest(server_.rpc().port());
    EXPECT_TRUE(newest.IsClosed());
    EXPECT_EQ(server_.rpc().listener().ClosedAtLimit(), i);
  }
  EXPECT_THAT(Health(first), IsGrpcOk());
  EXPECT_THAT(Health(second), IsGrpcOk());
  EXPECT_EQ(server_.rpc().listener().ClosedIdle(), 0);
}

class IdleConnectionsTest : public ConnectionReserveTest {
 protected:
  IdleConnectionsTest() : ConnectionReserveTest(absl::Milliseconds(20)) {}
};

TEST_F(IdleConnectionsTest, ManyMoreThanMayBeOpenAreAnsweredOneAfterTheOther) {
  std::vector<std::unique_ptr<Http2Peer>> silent;
  for (int i = 0; i < 3 * kLimit; ++i) {
    silent.push_back(std::make_unique<Http2Peer>(server_.rpc().port()));
    // Another client in between sees to it that time passes: it comes in sooner or later.
    AwaitCondition([&] { return Health(server_.Connect()).ok(); });
  }
  AwaitCondition([&] { return Classify(server_.Connect(), Red()).status.ok(); });
  EXPECT_GT(server_.rpc().listener().ClosedIdle(), 0);
}

TEST_F(IdleConnectionsTest, OpenStreamsOfEveryKindKeepTheirConnections) {
  const auto stream_channel = Connected(), watch_channel = Connected();
  grpc::ClientContext context;
  const auto stream = v1::Classifier::NewStub(stream_channel)->ClassifyStream(&context);
  stream->WaitForInitialMetadata();
  grpc::ClientContext watch_context;
  const auto watch = grpc::health::v1::Health::NewStub(watch_channel)
                         ->Watch(&watch_context, grpc::health::v1::HealthCheckRequest());
  HealthCheckResponse health;
  ASSERT_TRUE(watch->Read(&health));
  for (int i = 0; i < 3 * kLimit; ++i) {
    AwaitCondition([&] { return Classify(server_.Connect(), Red()).status.ok(); });
  }
  std::vector<std::unique_ptr<Http2Peer>> silent;
  while (server_.rpc().listener().ClosedIdle() < kLimit) {
    silent.push_back(std::make_unique<Http2Peer>(server_.rpc().port()));
    AwaitCondition([&] { return Health(server_.Connect()).ok(); });
  }
  v1::ClassifyStreamRequest image;
  *image.mutable_request() = Red();
  v1::ClassifyStreamResponse answer;
  ASSERT_TRUE(stream->Write(image));
  EXPECT_TRUE(stream->Read(&answer));
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  server_.lifecycle().MoveTo(ServerState::kDraining);
  EXPECT_TRUE(watch->Read(&health));
  EXPECT_EQ(health.status(), HealthCheckResponse::NOT_SERVING);
  watch_context.TryCancel();
}

}  // namespace
}  // namespace edgenext::serving
