#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using testing::LoopbackServer;

constexpr int kMaxWatches = 3;

HealthCheckRequest Asking(const std::string& name) {
  HealthCheckRequest request;
  request.set_service(name);
  return request;
}

LoopbackServer::Options NotServing() {
  LoopbackServer::Options options;
  options.serve = false;
  options.max_watches = kMaxWatches;
  return options;
}

class HealthCallTest : public ::testing::Test {
 protected:
  HealthCallTest() : server_(NotServing()), stub_(Health::NewStub(server_.Connect())) {}

  // One Watch stream.
  struct Watch {
    Watch(Health::Stub& stub, const std::string& name) : stream(stub.Watch(&context, Asking(name))) {}
    HealthCheckResponse::ServingStatus Next() {
      HealthCheckResponse response;
      return stream->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
    }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> stream;
  };

  grpc::Status Check(const std::string& name, HealthCheckResponse& response) {
    grpc::ClientContext context;
    return stub_->Check(&context, Asking(name), &response);
  }

  LoopbackServer server_;
  const std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthCallTest, CheckFollowsTheLifecycle) {
  HealthCheckResponse response;
  EXPECT_TRUE(Check("", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(Check("liveness", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  server_.lifecycle().MoveTo(ServerState::kReady);
  EXPECT_TRUE(Check("inference.GRPCInferenceService", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  server_.lifecycle().MoveTo(ServerState::kDraining);
  EXPECT_TRUE(Check("readiness", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthCallTest, CheckOfAnUnknownNameIsNotFound) {
  HealthCheckResponse response;
  EXPECT_EQ(Check("model/m", response).error_code(), grpc::StatusCode::NOT_FOUND);
  server_.health().AddModel("m");
  EXPECT_TRUE(Check("model/m", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthCallTest, WatchPushesChanges) {
  Watch watch(*stub_, "edgenext.v1.Classifier");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  server_.lifecycle().MoveTo(ServerState::kReady);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
  server_.lifecycle().MoveTo(ServerState::kDraining);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthCallTest, WatchOfAnUnknownNameStaysOpen) {
  server_.lifecycle().MoveTo(ServerState::kReady);
  Watch watch(*stub_, "model/m");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  server_.health().AddModel("m");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
}

TEST_F(HealthCallTest, WatchesAreLimitedAndPlacesComeBack) {
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < kMaxWatches; ++i) {
    watches.push_back(std::make_unique<Watch>(*stub_, ""));
    EXPECT_EQ(watches.back()->Next(), HealthCheckResponse::NOT_SERVING);
  }
  Watch refused(*stub_, "");
  EXPECT_EQ(refused.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(refused.stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);

  watches[0]->context.TryCancel();
  EXPECT_EQ(watches[0]->stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // The server learns of it a little later.
  testing::AwaitCondition([&] {
    Watch again(*stub_, "");
    const bool accepted = again.Next() == HealthCheckResponse::NOT_SERVING;
    again.context.TryCancel();
    again.stream->Finish();
    return accepted;
  });
}

TEST_F(HealthCallTest, ShutdownEndsEveryWatchAndRefusesNewOnes) {
  Watch watch(*stub_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  server_.health().Close();
  EXPECT_EQ(watch.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(watch.stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  Watch late(*stub_, "");
  EXPECT_EQ(late.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(late.stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthCallTest, ADrainEndsOpenWatches) {
  Watch watch(*stub_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  server_.rpc().Drain();
  EXPECT_EQ(watch.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(watch.stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthCallTest, BytesThatAreNoMessageAreInvalid) {
  testing::RawCall call(server_.Connect(), "/grpc.health.v1.Health/Check");
  call.Write("\xff\xff");
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace edgenext::serving
