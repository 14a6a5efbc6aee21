#include "server/rpc/rpc_server.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "inference/grpc_service.grpc.pb.h"
#include "model/base/version.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/testing/loopback_server.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using inference::GRPCInferenceService;
using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsGrpcOk;
using testing::LoopbackServer;
using testing::RawCall;
using ::testing::StartsWith;

// Calls one of the methods that take no time.
template <typename Response, typename Request>
grpc::Status Call(const LoopbackServer& server,
                  grpc::Status (GRPCInferenceService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                     Response*),
                  const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(testing::HangDeadline());
  return (GRPCInferenceService::NewStub(server.Connect()).get()->*method)(&context, request, &response);
}

bool ServerIsReady(const LoopbackServer& server) {
  inference::ServerReadyResponse response;
  EXPECT_THAT(
      Call(server, &GRPCInferenceService::Stub::ServerReady, inference::ServerReadyRequest(), response),
      IsGrpcOk());
  return response.ready();
}

grpc::Status ModelReady(const LoopbackServer& server, const std::string& name, bool& ready) {
  inference::ModelReadyRequest request;
  request.set_name(name);
  inference::ModelReadyResponse response;
  const grpc::Status status = Call(server, &GRPCInferenceService::Stub::ModelReady, request, response);
  ready = response.ready();
  return status;
}

void ExpectAnswers(const LoopbackServer& server) { EXPECT_TRUE(ServerIsReady(server)) << server.address(); }

TEST(RpcServerTest, ReadinessFollowsTheLifecycle) {
  LoopbackServer::Options options;
  options.serve = false;
  LoopbackServer server(options);
  inference::ServerLiveResponse live;
  EXPECT_THAT(Call(server, &GRPCInferenceService::Stub::ServerLive, inference::ServerLiveRequest(), live),
              IsGrpcOk());
  EXPECT_TRUE(live.live());
  bool model_ready = true;
  EXPECT_FALSE(ServerIsReady(server));
  EXPECT_THAT(ModelReady(server, "colours", model_ready), IsGrpcOk());
  EXPECT_FALSE(model_ready);

  server.Serve();
  EXPECT_TRUE(ServerIsReady(server));
  EXPECT_THAT(ModelReady(server, "colours", model_ready), IsGrpcOk());
  EXPECT_TRUE(model_ready);
  EXPECT_THAT(ModelReady(server, "", model_ready), IsGrpcOk());
  EXPECT_TRUE(model_ready);
  EXPECT_EQ(server.metrics().Requests(Method::kModelReady, 0, "colours"), 2);
  EXPECT_THAT(ModelReady(server, "shapes", model_ready),
              IsError(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", _));

  server.lifecycle().MoveTo(ServerState::kDraining);
  EXPECT_FALSE(ServerIsReady(server));
  EXPECT_THAT(ModelReady(server, "colours", model_ready), IsGrpcOk());
  EXPECT_FALSE(model_ready);
}

TEST(RpcServerTest, MetadataOfServerAndModel) {
  LoopbackServer server;
  inference::ServerMetadataResponse metadata;
  EXPECT_THAT(
      Call(server, &GRPCInferenceService::Stub::ServerMetadata, inference::ServerMetadataRequest(), metadata),
      IsGrpcOk());
  EXPECT_EQ(metadata.name(), "edgenext");
  EXPECT_EQ(metadata.version(), kVersion);
  EXPECT_THAT(metadata.extensions(), Contains("classification"));

  inference::ModelMetadataRequest request;
  request.set_name("colours");
  inference::ModelMetadataResponse model;
  EXPECT_THAT(Call(server, &GRPCInferenceService::Stub::ModelMetadata, request, model), IsGrpcOk());
  EXPECT_EQ(model.name(), "colours");
  EXPECT_THAT(model.versions(), ElementsAre("7"));
  EXPECT_EQ(model.platform(), "edgenext_onednn");
  ASSERT_EQ(model.inputs_size(), 1);
  EXPECT_EQ(model.inputs(0).name(), "image");
  EXPECT_EQ(model.inputs(0).datatype(), "BYTES");
  EXPECT_THAT(model.inputs(0).shape(), ElementsAre(-1));
  ASSERT_EQ(model.outputs_size(), 2);
  EXPECT_EQ(model.outputs(0).name(), "logits");
  EXPECT_EQ(model.outputs(1).name(), "probabilities");
  EXPECT_EQ(model.outputs(1).datatype(), "FP32");
  EXPECT_THAT(model.outputs(1).shape(), ElementsAre(-1, LoopbackServer::kClasses));
  EXPECT_EQ(model.properties().at("variant"), "edgenext_xx_small");
  EXPECT_EQ(model.properties().at("precision"), "bf16");

  request.set_name("shapes");
  EXPECT_THAT(Call(server, &GRPCInferenceService::Stub::ModelMetadata, request, model),
              IsError(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", _));
  EXPECT_EQ(server.metrics().Requests(Method::kModelMetadata, 0, "colours"), 1);
  EXPECT_EQ(server.metrics().Requests(Method::kModelMetadata, StatusCode::NOT_FOUND, ""), 1);
}

TEST(RpcServerTest, UnknownMethodsAreUnimplementedAndUnread) {
  LoopbackServer server;
  for (const std::string& method : {std::string("/edgenext.v1.Classifier/Guess"),
                                    std::string("/nobody.Knows/This"), "/x/" + std::string(4000, 'y')}) {
    RawCall call(server.Connect(), method);
    EXPECT_THAT(call.Finish(), IsError(StatusCode::UNIMPLEMENTED, "", HasSubstr(method.substr(0, 100))));
  }
  EXPECT_EQ(server.metrics().Requests(Method::kUnknown, StatusCode::UNIMPLEMENTED, ""), 3);
}

TEST(RpcServerTest, ServesOnIpv6) {
  LoopbackServer::Options options;
  options.listener.host = "::1";
  LoopbackServer server(options);
  EXPECT_THAT(server.address(), StartsWith("[::1]:"));
  ExpectAnswers(server);
}

TEST(RpcServerTest, ServesOnAUnixSocket) {
  testing::TempDir folder;
  LoopbackServer::Options options;
  options.listener.host = "unix:" + folder.path() + "/socket";
  LoopbackServer server(options);
  EXPECT_EQ(server.address(), options.listener.host);
  ExpectAnswers(server);
}

TEST(RpcServerTest, CountsItsConnections) {
  LoopbackServer server;
  EXPECT_EQ(server.rpc().Connections(), 0);
  {
    const auto channel = server.Connect();
    ASSERT_TRUE(channel->WaitForConnected(testing::HangDeadline()));
    EXPECT_EQ(server.rpc().Connections(), 1);
    const auto other = server.Connect();
    ASSERT_TRUE(other->WaitForConnected(testing::HangDeadline()));
    EXPECT_EQ(server.rpc().Connections(), 2);
  }
  testing::AwaitCondition([&] { return server.rpc().Connections() == 0; });
}

TEST(RpcServerTest, ConnectionsBeyondTheLimitAreClosedAndPlacesComeBack) {
  LoopbackServer::Options options;
  options.listener.limits.max_connections = 2;
  LoopbackServer server(options);
  auto first = server.Connect();
  const auto second = server.Connect();
  ASSERT_TRUE(first->WaitForConnected(testing::HangDeadline()));
  ASSERT_TRUE(second->WaitForConnected(testing::HangDeadline()));
  {
    RawCall refused(server.Connect(), "/inference.GRPCInferenceService/ServerLive");
    EXPECT_EQ(refused.Finish().error_code(), StatusCode::UNAVAILABLE);
  }
  first.reset();
  testing::AwaitCondition([&] { return server.rpc().Connections() == 1; });
  ExpectAnswers(server);
}

TEST(RpcServerTest, HealthIsServedBesideTheInferenceServices) {
  LoopbackServer server;
  const auto stub = grpc::health::v1::Health::NewStub(server.Connect());
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("model/colours");
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_THAT(stub->Check(&context, request, &response), IsGrpcOk());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace edgenext::serving
