// How the built server stops: what was accepted is answered, and every way in which a stop can go otherwise.
#include <signal.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"

namespace edgenext::testing {
namespace {

using grpc::health::v1::HealthCheckResponse;
using ::testing::HasSubstr;

// One slow worker: an image takes near a tenth of a second without vector instructions.
const std::vector<std::string> kSlow = {"--cpus=1", "--max-isa=scalar", "--input-size=256",
                                        "--max-queue-wait=10m"};

std::vector<std::string> SlowWith(std::vector<std::string> flags) {
  flags.insert(flags.end(), kSlow.begin(), kSlow.end());
  return flags;
}

// Images that were read and wait: a call whose message has not come is not accepted.
double CallsAccepted(const ServerProcess& server) { return server.Metric("edgenext_queue_depth"); }

int CountOk(const std::vector<grpc::Status>& statuses) {
  int ok = 0;
  for (const grpc::Status& status : statuses) ok += status.ok() ? 1 : 0;
  return ok;
}

TEST(StopTest, WhatWasAcceptedIsAnswered) {
  constexpr int kCalls = 24;
  ServerProcess server(SlowWith({"--drain-timeout=10m"}));
  ASSERT_TRUE(server.WaitUntilReady());
  const Client client(server.grpc_address());
  OpenCalls calls(client, SampleImage("penguin.jpg"), kCalls);
  ASSERT_TRUE(Eventually([&] { return CallsAccepted(server) > kCalls / 2; }));
  const int accepted_at_least = static_cast<int>(CallsAccepted(server));
  server.Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return server.HttpStatus("/readyz") == 503; }));
  EXPECT_EQ(server.HttpStatus("/livez"), 200);
  const std::vector<grpc::Status> statuses = calls.Statuses();
  EXPECT_GE(CountOk(statuses), accepted_at_least);
  for (const grpc::Status& status : statuses) {
    EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE)
        << status.error_code() << " " << status.error_message();
  }
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
}

// Many more clients than workers, some on a connection of their own, others on a common one, call from before
// the signal until the server has gone. What they hear is an answer, a refusal for want of room, or that the
// server is not there.
TEST(StopTest, AtFullLoadNothingAcceptedIsLost) {
  ServerProcess server({"--cpus=1", "--queue-capacity=8", "--drain-timeout=10m"});
  ASSERT_TRUE(server.WaitUntilReady());
  const std::string image = SampleImage("camera.jpg");
  const Client shared_client(server.grpc_address());
  std::atomic<int> answered{0};
  std::atomic<bool> gone{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&, i] {
      const Client own_client(server.grpc_address());
      const Client& client = i % 2 == 0 ? own_client : shared_client;
      while (!gone) {
        v1::ClassifyResponse response;
        const grpc::Status status = client.Classify(image, &response);
        if (status.ok()) ++answered;
        EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                    status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
            << "code " << status.error_code() << ": " << status.error_message();
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return answered > 100; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
  gone = true;
  for (std::thread& client : clients) client.join();
  EXPECT_THAT(server.Errors(), HasSubstr("calls_cut_off=0 images_cut_off=0"));
}

// Between the signal and the end of the drain delay the server is not ready, but serves old and new
// connections.
TEST(StopTest, DuringTheDrainDelayItServesOn) {
  ServerProcess server({"--drain-delay=10m"});
  ASSERT_TRUE(server.WaitUntilReady());
  const Client old_client(server.grpc_address());
  EXPECT_EQ(old_client.Health("readiness"), HealthCheckResponse::SERVING);
  server.Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return server.HttpStatus("/readyz") == 503; }));
  const Client new_client(server.grpc_address());
  for (const Client* client : {&old_client, &new_client}) {
    v1::ClassifyResponse response;
    EXPECT_TRUE(client->Classify(SampleImage("bicycle.jpg"), &response).ok());
    EXPECT_EQ(client->Health("readiness"), HealthCheckResponse::NOT_SERVING);
    EXPECT_EQ(client->Health("liveness"), HealthCheckResponse::SERVING);
  }
  EXPECT_EQ(server.Metric("edgenext_draining"), 1);
  EXPECT_EQ(server.Metric("edgenext_ready"), 0);
  server.Signal(SIGTERM);  // enough of it; nothing is under way
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
}

TEST(StopTest, AnInterruptSkipsTheDrainDelay) {
  ServerProcess server({"--drain-delay=10m"});
  ASSERT_TRUE(server.WaitUntilReady());
  server.Signal(SIGINT);
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
}

TEST(StopTest, ASecondSignalCutsOffWhatIsUnderWay) {
  constexpr int kCalls = 64;
  ServerProcess server(SlowWith({"--drain-timeout=10m"}));
  ASSERT_TRUE(server.WaitUntilReady());
  const Client client(server.grpc_address());
  OpenCalls calls(client, SampleImage("penguin.jpg"), kCalls);
  ASSERT_TRUE(Eventually([&] { return CallsAccepted(server) >= kCalls / 2; }));
  server.Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return server.HttpStatus("/readyz") == 503; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 75) << server.Errors();
  int cut_off = 0;
  for (const grpc::Status& status : calls.Statuses()) {
    if (status.ok()) continue;
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
    ++cut_off;
  }
  EXPECT_GT(cut_off, 0);
}

TEST(StopTest, TheGracePeriodCutsOffWhatIsUnderWay) {
  constexpr int kCalls = 64;
  ServerProcess server(SlowWith({"--drain-timeout=0"}));
  ASSERT_TRUE(server.WaitUntilReady());
  const Client client(server.grpc_address());
  OpenCalls calls(client, SampleImage("penguin.jpg"), kCalls);
  ASSERT_TRUE(Eventually([&] { return CallsAccepted(server) >= kCalls / 2; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 75) << server.Errors();
  EXPECT_LT(CountOk(calls.Statuses()), kCalls);
}

// The gate holds the server while it opens the weights: live, not ready, refusing, and open to a signal.
TEST(StopTest, ASignalDuringTheLoadEndsIt) {
  const TempDir folder;
  const std::string gate = folder.File("gate");
  ServerProcess server({}, PreloadEnvironment({absl::StrCat("EDGENEXT_TEST_OPEN_GATE=", gate)}));
  ASSERT_TRUE(server.WaitUntilListening());
  EXPECT_EQ(server.HttpStatus("/livez"), 200);
  EXPECT_EQ(server.HttpStatus("/readyz"), 503);
  const Client client(server.grpc_address());
  EXPECT_EQ(client.Health(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(client.Health("liveness"), HealthCheckResponse::SERVING);
  v1::ClassifyResponse response;
  const grpc::Status status = client.Classify(SampleImage("penguin.jpg"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_details(), HasSubstr("MODEL_NOT_READY"));
  EXPECT_EQ(server.Metric(R"(edgenext_model_state{state="loading"})"), 1);

  server.Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return server.Metric("edgenext_draining") == 1; }));
  folder.Write("gate", "");
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
  EXPECT_EQ(server.Output(), "") << "it was never ready";
}

// Without vector instructions a large input is warmed up for longer than a signal takes.
TEST(StopTest, ASignalDuringTheWarmUpEndsItAfterwards) {
  ServerProcess server({"--cpus=1", "--max-isa=scalar", "--input-size=512"});
  ASSERT_TRUE(Eventually([&] { return server.Errors().find("model loaded") != std::string::npos; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
  EXPECT_THAT(server.Errors(), HasSubstr("warmed up"));
  EXPECT_EQ(server.Output(), "") << "it was never ready";
}

// A server that cannot end does not stay: the gate never opens.
TEST(StopTest, TheWatchdogEndsAHang) {
  const TempDir folder;
  ServerProcess server({"--drain-timeout=0"},
                       PreloadEnvironment({absl::StrCat("EDGENEXT_TEST_OPEN_GATE=", folder.File("gate"))}));
  ASSERT_TRUE(server.WaitUntilListening());
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 70) << server.Errors();
  EXPECT_THAT(server.Errors(), HasSubstr("not stopped in time"));
}

}  // namespace
}  // namespace edgenext::testing
