// The way down: what was accepted is finished or told, nothing hangs, whatever clients do.

#include <grpcpp/grpcpp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "gtest/gtest.h"
#include "server/net/unique_fd.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/http2_peer.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using ::testing::_;
using testing::Classify;
using testing::ClassifyResult;
using testing::Http2Peer;
using testing::IsError;
using testing::IsGrpcOk;
using testing::kClassify;
using testing::kClassifyStream;
using testing::LoopbackServer;
using testing::RawCall;
using testing::Red;

MonotonicTime In(absl::Duration duration) { return Clock::Real().Now() + duration; }

TEST(ShutdownTest, WhatWasAcceptedIsAnswered) {
  LoopbackServer server;
  server.gate().Close();
  const auto channel = server.Connect();
  std::vector<std::future<ClassifyResult>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return Classify(channel, Red()); }));
  }
  server.AwaitExecutions(1);
  testing::AwaitCondition([&] { return server.pipeline().Gauges().queue_depth == 3; });
  auto stopped = std::async(std::launch::async, [&] { return server.Stop(MonotonicTime::InfiniteFuture()); });
  testing::AwaitCondition([&] { return !server.pipeline().admission().Admit({}).ok(); });
  server.gate().Open();
  for (auto& call : calls) EXPECT_THAT(call.get().status, IsGrpcOk());
  EXPECT_EQ(stopped.get(), 0);
  EXPECT_NE(Classify(server.Connect(), Red()).status.error_code(), StatusCode::OK);
}

// Calls in a loop over a connection of its own, until it is told to stop.
class RestlessClient {
 public:
  explicit RestlessClient(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)), thread_([this] { Run(); }) {}
  // How often calls ended with each code.
  std::map<StatusCode, int> Stop() {
    stop_ = true;
    thread_.join();
    return ends_;
  }

 private:
  void Run() {
    while (!stop_) ++ends_[Classify(channel_, Red()).status.error_code()];
  }

  const std::shared_ptr<grpc::Channel> channel_;
  std::atomic<bool> stop_{false};
  std::map<StatusCode, int> ends_;
  std::thread thread_;
};

TEST(ShutdownTest, ClientsThatGoOnCallingHearOfNothingButUnavailable) {
  LoopbackServer server;
  const auto channel = server.Connect();
  std::vector<std::unique_ptr<RestlessClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RestlessClient>(i % 2 == 0 ? server.Connect() : channel));
  }
  const auto answered = [&] { return server.metrics().Requests(Method::kClassify, 0, "colours"); };
  testing::AwaitCondition([&] { return answered() > 20; });
  server.gate().Close();
  const auto image_bytes = static_cast<int64_t>(Red().ByteSizeLong());
  testing::AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 6 * image_bytes; });

  auto stopped = std::async(std::launch::async, [&] { return server.Stop(MonotonicTime::InfiniteFuture()); });
  testing::AwaitCondition([&] { return !server.pipeline().admission().Admit({}).ok(); });
  // The clients wait for their answers; these are refused.
  std::vector<std::unique_ptr<RestlessClient>> refused;
  for (int i = 0; i < 2; ++i) refused.push_back(std::make_unique<RestlessClient>(channel));
  testing::AwaitCondition([&] { return server.metrics().Rejected(RejectReason::kDraining) > 200; });
  server.gate().Open();
  EXPECT_EQ(stopped.get(), 0);
  std::move(refused.begin(), refused.end(), std::back_inserter(clients));
  int ok = 0;
  for (const auto& client : clients) {
    for (const auto& [code, calls] : client->Stop()) {
      EXPECT_TRUE(code == StatusCode::OK || code == StatusCode::UNAVAILABLE) << code;
      if (code == StatusCode::OK) ok += calls;
    }
  }
  EXPECT_EQ(ok, answered());
}

// A client that takes no answer cannot be waited for, and costs the others nothing.
TEST(ShutdownTest, BesideACallThatNeverEndsClientsHearOfNothingButUnavailable) {
  LoopbackServer server;
  Http2Peer hung(server.rpc().port());
  hung.SayHelloWithoutWindow();
  hung.SendCall(1, kClassify);
  hung.SendMessage(1, Red().SerializeAsString());
  std::vector<std::unique_ptr<RestlessClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<RestlessClient>(server.Connect()));
  testing::AwaitCondition(
      [&] { return server.metrics().Requests(Method::kClassify, StatusCode::OK, "colours") > 20; });
  server.Stop(In(absl::Milliseconds(200)));
  for (const auto& client : clients) {
    for (const auto& [code, calls] : client->Stop()) {
      EXPECT_TRUE(code == StatusCode::OK || code == StatusCode::UNAVAILABLE)
          << code << ", " << calls << " times";
    }
  }
}

TEST(ShutdownTest, WhatIsLeftAtTheDeadlineIsToldSo) {
  LoopbackServer server;
  server.gate().Close();
  const auto channel = server.Connect();
  auto running = std::async(std::launch::async, [&] { return Classify(channel, Red()); });
  server.AwaitExecutions(1);
  auto waiting = std::async(std::launch::async, [&] { return Classify(channel, Red()); });
  testing::AwaitCondition([&] { return server.pipeline().Gauges().queue_depth == 1; });
  RawCall unread(channel, kClassify);  // admitted, its message never comes
  testing::AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes > (1 << 20); });

  // The execution that runs cannot be stopped: the calls are ended without it.
  EXPECT_EQ(server.rpc().Shutdown(In(absl::Milliseconds(100))), 2);
  EXPECT_THAT(running.get().status, IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
  EXPECT_THAT(waiting.get().status, IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
  EXPECT_THAT(unread.Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
}

TEST(ShutdownTest, ACallWithoutItsMessageDoesNotHoldIt) {
  LoopbackServer server;
  RawCall unread(server.Connect(), kClassify);
  testing::AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes > 0; });
  const MonotonicTime start = Clock::Real().Now();
  EXPECT_EQ(server.rpc().Shutdown(In(absl::Seconds(40))), 0);
  EXPECT_LT(Clock::Real().Now() - start, absl::Seconds(20));
  EXPECT_THAT(unread.Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
}

TEST(ShutdownTest, ASecondSignalCutsTheWaitShort) {
  LoopbackServer server;
  server.gate().Close();
  auto running = std::async(std::launch::async, [&] { return Classify(server.Connect(), Red()); });
  server.AwaitExecutions(1);
  auto shutdown =
      std::async(std::launch::async, [&] { return server.rpc().Shutdown(MonotonicTime::InfiniteFuture()); });
  server.rpc().CutOff();
  EXPECT_EQ(shutdown.get(), 1);
  EXPECT_THAT(running.get().status, IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
}

TEST(ShutdownTest, OpenStreamsOfEveryKindDoNotHoldIt) {
  auto server = std::make_unique<LoopbackServer>();
  const auto channel = server->Connect();
  RawCall stream(channel, kClassifyStream);
  grpc::ClientContext watch_context, reflection_context;
  const auto health_stub = grpc::health::v1::Health::NewStub(channel);
  const auto watch = health_stub->Watch(&watch_context, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse health;
  ASSERT_TRUE(watch->Read(&health));
  const auto reflection_stub = grpc::reflection::v1::ServerReflection::NewStub(channel);
  const auto reflection = reflection_stub->ServerReflectionInfo(&reflection_context);
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_list_services("*");
  grpc::reflection::v1::ServerReflectionResponse response;
  ASSERT_TRUE(reflection->Write(request));
  ASSERT_TRUE(reflection->Read(&response));

  const MonotonicTime start = Clock::Real().Now();
  EXPECT_EQ(server->Stop(In(absl::Seconds(40))), 0);
  EXPECT_LT(Clock::Real().Now() - start, absl::Seconds(20));
  EXPECT_THAT(stream.Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
  while (watch->Read(&health)) {
  }
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_FALSE(reflection->Read(&response));
  EXPECT_FALSE(reflection->Finish().ok());
}

TEST(ShutdownTest, SilentPeersDoNotHoldIt) {
  LoopbackServer server;
  const Http2Peer silent(server.rpc().port());
  testing::AwaitCondition([&] { return server.rpc().Connections() == 1; });
  const MonotonicTime start = Clock::Real().Now();
  EXPECT_EQ(server.Stop(In(absl::Seconds(40))), 0);
  EXPECT_LT(Clock::Real().Now() - start, absl::Seconds(20));
}

// Takes every descriptor that the process may have, and gives them back.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit few = before_;
    few.rlim_cur = 256;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    do {
      taken_.emplace_back(dup(0));
    } while (taken_.back().valid());
  }
  ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_ = {};
  std::vector<UniqueFd> taken_;
};

TEST(ShutdownTest, SilentPeersDoNotHoldItWhenThereIsNoDescriptorEither) {
  LoopbackServer server;
  Http2Peer silent(server.rpc().port());
  silent.SayHello();  // and not a word more: gRPC waits for it to confirm the end
  ASSERT_FALSE(silent.ReadSettings().empty());
  const NoDescriptors none;
  auto stopped = std::async(std::launch::async, [&] { return server.Stop(Clock::Real().Now()); });
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  silent.Close();  // so that it stops in any case
}

TEST(ShutdownTest, AClientThatReadsNoAnswersDoesNotHoldIt) {
  LoopbackServer::Options options;
  options.services.stream_window = 2;
  LoopbackServer server(options);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  RawCall stream(server.Connect(arguments), kClassifyStream);
  v1::ClassifyStreamRequest request;
  *request.mutable_request() = Red();
  request.mutable_request()->set_request_id(std::string(60'000, 'x'));  // which comes back with each answer
  const std::string bytes = request.SerializeAsString();
  ASSERT_TRUE(stream.Write(bytes));
  ASSERT_TRUE(stream.Write(bytes));
  testing::AwaitCondition(
      [&] { return server.metrics().Requests(Method::kClassifyStream, 0, "colours") == 2; });
  auto stopped =
      std::async(std::launch::async, [&] { return server.rpc().Shutdown(In(absl::Milliseconds(200))); });
  const bool in_time = stopped.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  EXPECT_TRUE(in_time);
  if (!in_time) stream.Cancel();  // so that the server stops
  EXPECT_LE(stopped.get(), 1);
}

}  // namespace
}  // namespace edgenext::serving
