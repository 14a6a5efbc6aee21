// What the server decides on a call's headers, before its message is read, and what ends a call that waits.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using ::testing::_;
using testing::AwaitCondition;
using testing::Classify;
using testing::ClassifyResult;
using testing::HangDeadline;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsGrpcOk;
using testing::kClassify;
using testing::kClassifyStream;
using testing::kModelInfer;
using testing::LoopbackServer;
using testing::RawCall;
using testing::Red;
using testing::SolidBmp;

// A server with one worker, which is held in an execution, and room for one more image, which waits in the
// queue.
class FullServerTest : public ::testing::Test {
 protected:
  FullServerTest() : server_(Options()), stub_(v1::Classifier::NewStub(server_.Connect())) {
    server_.gate().Close();
    running_ = Start();
    server_.AwaitExecutions(1);
    waiting_ = Start();
    AwaitCondition([this] { return server_.pipeline().Gauges().queue_depth == 1; });
  }
  ~FullServerTest() override { server_.gate().Open(); }

  static LoopbackServer::Options Options() {
    LoopbackServer::Options options;
    options.pipeline.admission.queue_capacity = 1;
    return options;
  }
  std::future<ClassifyResult> Start() {
    return std::async(std::launch::async, [this] { return Classify(*stub_, Red()); });
  }

  LoopbackServer server_;
  std::unique_ptr<v1::Classifier::Stub> stub_;
  std::future<ClassifyResult> running_, waiting_;
};

TEST_F(FullServerTest, OverloadIsRefusedBeforeTheMessageIsRead) {
  for (const char* method : {kClassify, kModelInfer}) {
    RawCall call(server_.Connect(), method);  // never sends its message
    const grpc::Status status = call.Finish();
    EXPECT_THAT(status,
                IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("no room for 1 image")));
    EXPECT_TRUE(testing::FindDetail<google::rpc::RetryInfo>(status));
  }
  EXPECT_EQ(server_.metrics().Rejected(RejectReason::kOverloaded), 2);
  EXPECT_EQ(server_.metrics().Requests(Method::kModelInfer, StatusCode::RESOURCE_EXHAUSTED, "colours"), 1);
  server_.gate().Open();
  EXPECT_THAT(running_.get().status, IsGrpcOk());
  EXPECT_THAT(waiting_.get().status, IsGrpcOk());
  EXPECT_THAT(Classify(*stub_, Red()).status, IsGrpcOk());
}

TEST_F(FullServerTest, OverloadSaysOnceWhenToComeBack) {
  const ClassifyResult result = Classify(*stub_, Red());
  ASSERT_THAT(result.status, IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", _));
  ASSERT_EQ(result.trailers.count("grpc-retry-pushback-ms"), 1u);
  EXPECT_GT(std::stoi(result.trailers.find("grpc-retry-pushback-ms")->second), 0);
  EXPECT_LE(result.trailers.count("grpc-status-details-bin"), 1u);
}

TEST_F(FullServerTest, CheapMethodsNeedNoRoom) {
  const auto stub = inference::GRPCInferenceService::NewStub(server_.Connect());
  grpc::ClientContext context;
  context.set_deadline(HangDeadline());
  inference::ModelReadyResponse response;
  EXPECT_THAT(stub->ModelReady(&context, inference::ModelReadyRequest(), &response), IsGrpcOk());
  EXPECT_TRUE(response.ready());
}

TEST_F(FullServerTest, ACancelledCallNeverRuns) {
  grpc::ClientContext context;
  server_.gate().Let(1);
  EXPECT_THAT(running_.get().status, IsGrpcOk());
  server_.AwaitExecutions(2);  // the one that waited runs, and a place is free

  grpc::CompletionQueue queue;
  ClassifyResult result;
  const auto reader = stub_->AsyncClassify(&context, Red(), &queue);
  reader->Finish(&result.response, &result.status, &result);
  AwaitCondition([this] { return server_.pipeline().Gauges().queue_depth == 1; });
  context.TryCancel();
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  EXPECT_EQ(result.status.error_code(), StatusCode::CANCELLED);
  AwaitCondition([this] {
    return server_.metrics().Requests(Method::kClassify, StatusCode::CANCELLED, "colours") == 1;
  });

  server_.gate().Open();
  EXPECT_THAT(waiting_.get().status, IsGrpcOk());
  AwaitCondition([this] { return server_.pipeline().Gauges().inflight_bytes == 0; });
  EXPECT_EQ(server_.metrics().Stages(Stage::kExecute), 2);
  EXPECT_EQ(server_.metrics().Cancelled(Stage::kQueue), 1);
}

TEST(AdmissionTest, AMissedDeadlineIsCountedAsSuch) {
  LoopbackServer server;
  server.gate().Close();
  const auto channel = server.Connect();
  ASSERT_TRUE(channel->WaitForConnected(HangDeadline()));
  const auto stub = v1::Classifier::NewStub(channel);
  const ClassifyResult result =
      Classify(*stub, Red(), std::chrono::system_clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(result.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  AwaitCondition([&] {
    return server.metrics().Requests(Method::kClassify, StatusCode::DEADLINE_EXCEEDED, "colours") == 1;
  });
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, StatusCode::CANCELLED, "colours"), 0);
}

TEST(AdmissionTest, AClientThatGoesBeforeItsMessageIsCountedThere) {
  LoopbackServer server;
  {
    RawCall call(server.Connect(), kClassify);
    AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes > 0; });
    call.Cancel();
    EXPECT_EQ(call.Finish().error_code(), StatusCode::CANCELLED);
  }
  AwaitCondition([&] { return server.metrics().Cancelled(Stage::kParse) == 1; });
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, StatusCode::CANCELLED, "colours"), 1);
}

TEST(AdmissionTest, TheLargestMessageIsReservedUntilItsOwnIsThere) {
  LoopbackServer server;
  const auto bytes = [&] { return server.pipeline().Gauges().inflight_bytes; };
  RawCall classify(server.Connect(), kClassify);
  AwaitCondition([&] { return bytes() == (1 << 20) + (64 << 10); });
  RawCall infer(server.Connect(), kModelInfer);
  AwaitCondition([&] { return bytes() == (1 << 20) + (64 << 10) + (4 << 20); });
  infer.Cancel();
  AwaitCondition([&] { return bytes() == (1 << 20) + (64 << 10); });
  server.gate().Close();
  classify.Write(Red().SerializeAsString());
  AwaitCondition([&] { return bytes() == static_cast<int64_t>(Red().ByteSizeLong()); });
  server.gate().Open();
  EXPECT_NE(classify.Read(), "");
  EXPECT_THAT(classify.Finish(), IsGrpcOk());
}

TEST(AdmissionTest, ABudgetBelowAReservationServesWhatFits) {
  LoopbackServer::Options options;
  options.pipeline.admission.max_inflight_bytes = size_t{64} << 10;
  LoopbackServer server(options);
  EXPECT_THAT(Classify(server.Connect(), Red()).status, IsGrpcOk());
  // The answer may be here before its request's room is given back.
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
  inference::ModelInferRequest request;
  auto& input = *request.add_inputs();
  input.set_name("image");
  input.set_datatype("BYTES");
  input.add_shape(1);
  input.mutable_contents()->add_bytes_contents(SolidBmp(255, 0, 0));
  EXPECT_THAT(testing::Infer(server.Connect(), request).status, IsGrpcOk());
}

TEST(AdmissionTest, AMessageThatDoesNotComeGivesItsRoomBack) {
  LoopbackServer::Options options;
  options.services.message_timeout = absl::Milliseconds(200);
  LoopbackServer server(options);
  for (const char* method : {kClassify, kModelInfer}) {
    RawCall call(server.Connect(), method);
    EXPECT_THAT(call.Finish(), IsError(StatusCode::DEADLINE_EXCEEDED, "DEADLINE", HasSubstr("message")));
    EXPECT_EQ(server.metrics().Requests(method == kClassify ? Method::kClassify : Method::kModelInfer,
                                        StatusCode::DEADLINE_EXCEEDED, "colours"),
              1);
  }
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
}

TEST(AdmissionTest, BeforeTheModelIsLoadedCallsAreRefusedUnread) {
  LoopbackServer::Options options;
  options.serve = false;
  LoopbackServer server(options);
  for (const char* method : {kClassify, kModelInfer, kClassifyStream}) {
    RawCall call(server.Connect(), method);
    EXPECT_THAT(call.Finish(), IsError(StatusCode::UNAVAILABLE, "MODEL_NOT_READY", _)) << method;
  }
  EXPECT_EQ(server.metrics().Rejected(RejectReason::kModelNotReady), 3);
  server.Serve();
  EXPECT_THAT(Classify(server.Connect(), Red()).status, IsGrpcOk());
}

TEST(AdmissionTest, AfterTheDrainHasBegunCallsAreRefusedUnread) {
  LoopbackServer server;
  const auto channel = server.Connect();
  ASSERT_THAT(Classify(channel, Red()).status, IsGrpcOk());
  server.rpc().Drain();
  for (const char* method : {kClassify, kModelInfer, kClassifyStream}) {
    RawCall call(channel, method);
    EXPECT_THAT(call.Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _)) << method;
  }
  EXPECT_EQ(server.metrics().Rejected(RejectReason::kDraining), 3);
}

}  // namespace
}  // namespace edgenext::serving
