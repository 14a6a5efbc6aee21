#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "inference/grpc_service.pb.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using testing::AwaitCondition;
using testing::Classify;
using testing::ClassifyResult;
using testing::Infer;
using testing::InferResult;
using testing::IsGrpcOk;
using testing::LoopbackServer;
using testing::Red;
using testing::SolidBmp;

// The result cache as clients meet it.
class RpcResultCacheTest : public ::testing::Test {
 protected:
  ~RpcResultCacheTest() override { server_.gate().Open(); }

  static LoopbackServer::Options Options() {
    LoopbackServer::Options options;
    options.pipeline.cache_bytes = size_t{1} << 20;
    return options;
  }
  // The predictions as they are on the wire.
  static std::string Predictions(const v1::ClassifyResponse& response) {
    v1::ClassifyResponse only;
    *only.mutable_predictions() = response.predictions();
    return only.SerializeAsString();
  }

  LoopbackServer server_{Options()};
};

TEST_F(RpcResultCacheTest, TheSameFileIsExecutedOnceAndAnsweredAlike) {
  const ClassifyResult first = Classify(server_.Connect(), Red());
  ASSERT_THAT(first.status, IsGrpcOk());
  v1::ClassifyRequest again = Red();
  again.set_request_id("again");
  const ClassifyResult second = Classify(server_.Connect(), again);
  ASSERT_THAT(second.status, IsGrpcOk());
  EXPECT_EQ(Predictions(second.response), Predictions(first.response));
  EXPECT_EQ(first.response.predictions_size(), LoopbackServer::kClasses);
  EXPECT_EQ(second.response.request_id(), "again");
  EXPECT_EQ(first.response.timings().batch_size(), 1u);
  EXPECT_EQ(second.response.timings().batch_size(), 0u);
  EXPECT_EQ(second.response.timings().execute().nanos(), 0);
  again.set_top_k(1);
  EXPECT_EQ(Classify(server_.Connect(), again).response.predictions_size(), 1);
  EXPECT_EQ(server_.metrics().Inferences(), 1);
  EXPECT_EQ(server_.pipeline().Gauges().cache_hits, 2);
}

TEST_F(RpcResultCacheTest, CallsAtOnceShareOneExecution) {
  server_.gate().Close();
  std::vector<std::future<ClassifyResult>> calls;
  // Of those that follow none goes before the first, whose execution has begun, though its deadline were
  // earlier.
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::async(std::launch::async, [this] { return Classify(server_.Connect(), Red()); }));
    server_.AwaitExecutions(1);
  }
  // All are there when each is in flight and one at the gate.
  const auto bytes = static_cast<int64_t>(4 * Red().ByteSizeLong());
  AwaitCondition([&] {
    const PipelineGauges gauges = server_.pipeline().Gauges();
    return gauges.inflight_bytes == bytes && gauges.inflight_requests == 0;
  });
  server_.gate().Open();
  std::string predictions;
  for (std::future<ClassifyResult>& call : calls) {
    const ClassifyResult result = call.get();
    ASSERT_THAT(result.status, IsGrpcOk());
    if (predictions.empty()) predictions = Predictions(result.response);
    EXPECT_EQ(Predictions(result.response), predictions);
  }
  EXPECT_EQ(server_.metrics().Inferences(), 1);
  EXPECT_EQ(server_.pipeline().Gauges().cache_shared, 3);
}

TEST_F(RpcResultCacheTest, EqualImagesOfOneModelInferAreExecutedOnce) {
  inference::ModelInferRequest request;
  request.set_model_name("colours");
  auto& input = *request.add_inputs();
  input.set_name("image");
  input.set_datatype("BYTES");
  input.add_shape(3);
  for (const uint8_t blue : std::vector<uint8_t>{0, 64, 0}) {
    input.mutable_contents()->add_bytes_contents(SolidBmp(128, 0, blue));
  }
  for (int i = 0; i < 2; ++i) {
    const InferResult result = Infer(server_.Connect(), request);
    ASSERT_THAT(result.status, IsGrpcOk());
    ASSERT_EQ(result.response.raw_output_contents_size(), 2);
    const std::string& logits = result.response.raw_output_contents(0);
    const size_t one = logits.size() / 3;
    ASSERT_EQ(one, LoopbackServer::kClasses * sizeof(float));
    EXPECT_EQ(logits.substr(0, one), logits.substr(2 * one));
    EXPECT_NE(logits.substr(0, one), logits.substr(one, one));
    EXPECT_EQ(server_.metrics().Inferences(), 2);
  }
}

TEST_F(RpcResultCacheTest, AStreamIsAnsweredFromTheCacheWhileTheWorkerIsBusy) {
  ASSERT_THAT(Classify(server_.Connect(), Red()).status, IsGrpcOk());
  server_.gate().Close();
  std::future<ClassifyResult> busy = std::async(std::launch::async, [this] {
    v1::ClassifyRequest other;
    other.set_image(SolidBmp(0, 0, 255));
    return Classify(server_.Connect(), other);
  });
  server_.AwaitExecutions(2);
  const auto stub = v1::Classifier::NewStub(server_.Connect());
  grpc::ClientContext context;
  context.set_deadline(testing::HangDeadline());
  const auto stream = stub->ClassifyStream(&context);
  constexpr uint64_t kImages = 50;
  for (uint64_t id = 1; id <= kImages; ++id) {
    v1::ClassifyStreamRequest request;
    request.set_id(id);
    *request.mutable_request() = Red();
    ASSERT_TRUE(stream->Write(request));
    v1::ClassifyStreamResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.id(), id);
    EXPECT_EQ(response.response().predictions(0).label(), "red");
  }
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  server_.gate().Open();
  EXPECT_THAT(busy.get().status, IsGrpcOk());
  EXPECT_EQ(server_.metrics().Inferences(), 2);
}

}  // namespace
}  // namespace edgenext::serving
