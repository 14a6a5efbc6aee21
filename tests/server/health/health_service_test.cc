#include "server/health/health_service.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckRequest Asking(const std::string& name) {
  HealthCheckRequest request;
  request.set_service(name);
  return request;
}

class HealthServiceTest : public ::testing::Test {
 protected:
  static constexpr int kMaxWatches = 3;

  HealthServiceTest() : service_(&lifecycle_, kMaxWatches) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = Health::NewStub(server_->InProcessChannel({}));
  }
  ~HealthServiceTest() override {
    service_.Shutdown();
    server_->Shutdown(std::chrono::system_clock::now());
  }

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

  Lifecycle lifecycle_;
  HealthService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthServiceTest, CheckFollowsTheLifecycle) {
  HealthCheckResponse response;
  EXPECT_TRUE(Check("", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(Check("liveness", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  lifecycle_.MoveTo(ServerState::kReady);
  EXPECT_TRUE(Check("inference.GRPCInferenceService", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  lifecycle_.MoveTo(ServerState::kDraining);
  EXPECT_TRUE(Check("readiness", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, CheckOfAnUnknownNameIsNotFound) {
  HealthCheckResponse response;
  EXPECT_EQ(Check("model/m", response).error_code(), grpc::StatusCode::NOT_FOUND);
  service_.AddModel("m");
  EXPECT_TRUE(Check("model/m", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, WatchPushesChanges) {
  Watch watch(*stub_, "edgenext.v1.Classifier");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  lifecycle_.MoveTo(ServerState::kReady);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
  lifecycle_.MoveTo(ServerState::kDraining);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, WatchOfAnUnknownNameStaysOpen) {
  lifecycle_.MoveTo(ServerState::kReady);
  Watch watch(*stub_, "model/m");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  service_.AddModel("m");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
}

TEST_F(HealthServiceTest, WatchesAreLimitedAndPlacesComeBack) {
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
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(60);
  bool accepted = false;
  while (!accepted && std::chrono::system_clock::now() < deadline) {
    Watch again(*stub_, "");
    accepted = again.Next() == HealthCheckResponse::NOT_SERVING;
    again.context.TryCancel();
    again.stream->Finish();
  }
  EXPECT_TRUE(accepted);
}

TEST_F(HealthServiceTest, ShutdownEndsEveryWatchAndRefusesNewOnes) {
  Watch watch(*stub_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  service_.Shutdown();
  EXPECT_EQ(watch.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(watch.stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  Watch late(*stub_, "");
  EXPECT_EQ(late.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(late.stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthServiceTest, OpenWatchesDoNotHoldTheServersShutdown) {
  Watch watch(*stub_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  service_.Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

}  // namespace
}  // namespace edgenext::serving
