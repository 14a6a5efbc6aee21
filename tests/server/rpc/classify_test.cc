#include <grpcpp/grpcpp.h>

#include <cmath>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using ::testing::_;
using ::testing::AllOf;
using testing::AwaitCondition;
using testing::Classify;
using testing::ClassifyResult;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsGrpcOk;
using testing::LoopbackServer;
using ::testing::Not;
using testing::SolidBmp;

v1::ClassifyRequest Request(const std::string& image) {
  v1::ClassifyRequest request;
  request.set_image(image);
  return request;
}

TEST(ClassifyTest, AnswersWithThePredictionsOfTheImage) {
  LoopbackServer server;
  v1::ClassifyRequest request = Request(SolidBmp(255, 0, 128));
  request.set_top_k(2);
  request.set_request_id("abc");
  request.set_priority(v1::BULK);
  const ClassifyResult result = Classify(server.Connect(), request);
  ASSERT_THAT(result.status, IsGrpcOk());
  ASSERT_EQ(result.response.predictions_size(), 2);
  EXPECT_EQ(result.response.predictions(0).label(), "red");
  EXPECT_EQ(result.response.predictions(0).index(), 0u);
  EXPECT_EQ(result.response.predictions(1).label(), "blue");
  EXPECT_EQ(result.response.predictions(1).index(), 2u);
  const std::vector<double> logits = {255.0 / 64, 0, 128.0 / 64, 1};
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  EXPECT_NEAR(result.response.predictions(0).probability(), std::exp(logits[0]) / sum, 1e-6);
  EXPECT_NEAR(result.response.predictions(1).probability(), std::exp(logits[2]) / sum, 1e-6);
  EXPECT_EQ(result.response.model(), "colours");
  EXPECT_EQ(result.response.model_version(), "7");
  EXPECT_EQ(result.response.request_id(), "abc");
  EXPECT_EQ(result.response.timings().batch_size(), 1u);
  EXPECT_GT(result.response.timings().decode().nanos(), 0);
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, 0, "colours"), 1);
  EXPECT_EQ(server.metrics().Stages(Stage::kParse), 1);
  AwaitCondition([&] { return server.metrics().Stages(Stage::kSend) == 1; });
}

TEST(ClassifyTest, TopKZeroIsFiveAndIsClampedToTheClasses) {
  LoopbackServer server;
  v1::ClassifyRequest request = Request(SolidBmp(0, 255, 0));
  for (const uint32_t top_k : {0u, 4u, 5u, 0xFFFFFFFFu}) {
    request.set_top_k(top_k);
    const ClassifyResult result = Classify(server.Connect(), request);
    ASSERT_THAT(result.status, IsGrpcOk());
    EXPECT_EQ(result.response.predictions_size(), LoopbackServer::kClasses) << top_k;
    EXPECT_EQ(result.response.predictions(0).label(), "green");
  }
}

TEST(ClassifyTest, TheModelMayBeNamed) {
  LoopbackServer server;
  v1::ClassifyRequest request = Request(SolidBmp(0, 255, 0));
  request.set_model("colours");
  request.set_model_version("7");
  EXPECT_THAT(Classify(server.Connect(), request).status, IsGrpcOk());
  request.set_model_version("8");
  EXPECT_THAT(Classify(server.Connect(), request).status,
              IsError(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", HasSubstr("'8'")));
  request.set_model("shapes");
  request.set_model_version("");
  EXPECT_THAT(Classify(server.Connect(), request).status,
              IsError(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", HasSubstr("'shapes'")));
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, StatusCode::NOT_FOUND, ""), 2);
}

TEST(ClassifyTest, BadImagesAreTheClientsFault) {
  LoopbackServer server;
  const auto channel = server.Connect();
  const auto expect = [&](const std::string& image, const char* reason) {
    const grpc::Status status = Classify(channel, Request(image)).status;
    EXPECT_THAT(status, IsError(StatusCode::INVALID_ARGUMENT, reason, _));
    const auto bad_request = testing::FindDetail<google::rpc::BadRequest>(status);
    ASSERT_TRUE(bad_request);
    EXPECT_EQ(bad_request->field_violations(0).field(), "image");
  };
  expect("", "IMAGE_UNSUPPORTED");
  expect("this is no image", "IMAGE_UNSUPPORTED");
  expect(SolidBmp(1, 2, 3).substr(0, 1000), "IMAGE_CORRUPT");
  expect(std::string((1 << 20) + 1, 'x'), "IMAGE_TOO_LARGE");
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, StatusCode::INVALID_ARGUMENT, "colours"), 4);
}

TEST(ClassifyTest, AMessageThatIsTooLargeForAnImageIsRefused) {
  LoopbackServer server;
  v1::ClassifyRequest request = Request(SolidBmp(1, 2, 3));
  request.set_request_id(std::string((1 << 20) + (64 << 10), 'x'));
  EXPECT_THAT(
      Classify(server.Connect(), request).status,
      IsError(StatusCode::INVALID_ARGUMENT, "IMAGE_TOO_LARGE", HasSubstr("expected at most 1114112")));
}

TEST(ClassifyTest, AMessageOverTheReceiveLimitIsRefusedByGrpc) {
  LoopbackServer server;
  const ClassifyResult result = Classify(server.Connect(), Request(std::string(5 << 20, 'x')));
  EXPECT_THAT(result.status, IsError(StatusCode::RESOURCE_EXHAUSTED, "", HasSubstr("larger than max")));
}

TEST(ClassifyTest, WhatLiesBesideTheImageIsBounded) {
  LoopbackServer server;
  v1::ClassifyRequest request = Request(SolidBmp(255, 0, 0));
  request.set_request_id(std::string(60 << 10, 'x'));
  EXPECT_THAT(Classify(server.Connect(), request).status, IsGrpcOk());
  request.set_request_id(std::string(64 << 10, 'x'));
  EXPECT_THAT(Classify(server.Connect(), request).status,
              IsError(StatusCode::INVALID_ARGUMENT, "IMAGE_TOO_LARGE", HasSubstr("beside its image")));
}

TEST(ClassifyTest, BytesAreHeldForTheWholeMessage) {
  LoopbackServer server;
  server.gate().Close();
  v1::ClassifyRequest request = Request(SolidBmp(255, 0, 0));
  request.set_request_id(std::string(10 << 10, 'x'));
  auto call = std::async(std::launch::async, [&] { return Classify(server.Connect(), request); });
  server.AwaitExecutions(1);
  EXPECT_EQ(server.pipeline().Gauges().inflight_bytes, static_cast<int64_t>(request.ByteSizeLong()));
  server.gate().Open();
  EXPECT_THAT(call.get().status, IsGrpcOk());
}

TEST(ClassifyTest, AFaultOfTheNetworkIsHiddenBehindTheRequestId) {
  LoopbackServer server;
  v1::ClassifyRequest request = Request(SolidBmp(LoopbackServer::kFaultyRed, 0, 0));
  request.set_request_id("request-42");
  const ClassifyResult result = Classify(server.Connect(), request);
  EXPECT_THAT(result.status, IsError(StatusCode::INTERNAL, "EXECUTION_FAILED",
                                     AllOf(HasSubstr("request-42"), Not(HasSubstr("secret")))));
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, StatusCode::INTERNAL, "colours"), 1);
  // It stays with the one request, and one without an id gets one.
  EXPECT_THAT(Classify(server.Connect(), Request(SolidBmp(255, 0, 0))).status, IsGrpcOk());
  request.clear_request_id();
  EXPECT_THAT(Classify(server.Connect(), request).status,
              IsError(StatusCode::INTERNAL, "EXECUTION_FAILED",
                      ::testing::ContainsRegex("request id [0-9a-f]{16}$")));
}

TEST(ClassifyTest, WhatIsNoMessageIsRefused) {
  LoopbackServer server;
  const char kMethod[] = "/edgenext.v1.Classifier/Classify";
  {
    testing::RawCall call(server.Connect(), kMethod);
    call.Write("\xFF\xFF\xFF");
    EXPECT_THAT(call.Finish(),
                IsError(StatusCode::INVALID_ARGUMENT, "", HasSubstr("edgenext.v1.ClassifyRequest")));
  }
  testing::RawCall call(server.Connect(), kMethod);
  call.WritesDone();
  EXPECT_THAT(call.Finish(), IsError(StatusCode::INVALID_ARGUMENT, "", HasSubstr("no message")));
}

TEST(ClassifyTest, HundredsOfCallsAtOnceAreAllAnswered) {
  LoopbackServer::Options options;
  options.pipeline.workers = 2;
  options.pipeline.admission.queue_capacity = 400;
  options.pipeline.admission.max_inflight_bytes = size_t{1} << 30;
  LoopbackServer server(options);
  constexpr int kThreads = 4, kCallsPerThread = 100;
  std::vector<std::future<int>> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.push_back(std::async(std::launch::async, [&server, t] {
      const auto stub = v1::Classifier::NewStub(server.Connect());
      grpc::CompletionQueue queue;
      std::vector<ClassifyResult> results(kCallsPerThread);
      std::vector<grpc::ClientContext> contexts(kCallsPerThread);
      std::vector<std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ClassifyResponse>>> readers;
      v1::ClassifyRequest request = Request(t % 2 == 0 ? SolidBmp(255, 0, 0) : SolidBmp(0, 0, 255));
      for (int i = 0; i < kCallsPerThread; ++i) {
        const auto index = static_cast<size_t>(i);
        request.set_request_id(std::to_string(i));
        contexts[index].set_deadline(testing::HangDeadline());
        readers.push_back(stub->AsyncClassify(&contexts[index], request, &queue));
        readers.back()->Finish(&results[index].response, &results[index].status, &results[index]);
      }
      int right = 0;
      for (int i = 0; i < kCallsPerThread; ++i) {
        void* tag = nullptr;
        bool ok = false;
        queue.Next(&tag, &ok);
        const auto* result = static_cast<ClassifyResult*>(tag);
        const auto index = static_cast<size_t>(result - results.data());
        right += result->status.ok() && result->response.request_id() == std::to_string(index) &&
                 result->response.predictions(0).label() == (t % 2 == 0 ? "red" : "blue");
      }
      return right;
    }));
  }
  for (auto& thread : threads) EXPECT_EQ(thread.get(), kCallsPerThread);
  EXPECT_EQ(server.metrics().Requests(Method::kClassify, 0, "colours"), kThreads * kCallsPerThread);
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
}

}  // namespace
}  // namespace edgenext::serving
