#include <grpcpp/grpcpp.h>

#include <cmath>
#include <cstring>
#include <future>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "inference/grpc_service.grpc.pb.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::_;
using testing::AwaitCondition;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using testing::Infer;
using testing::InferResult;
using testing::IsError;
using testing::IsGrpcOk;
using testing::kModelInfer;
using testing::LoopbackServer;
using testing::RawCall;
using testing::SolidBmp;
using ::testing::StartsWith;

constexpr int kSide = LoopbackServer::kSide;
constexpr size_t kPixels = size_t{kSide} * kSide;

ModelInferRequest Request(const std::string& datatype, const std::vector<int64_t>& shape) {
  ModelInferRequest request;
  request.set_model_name("colours");
  request.set_id("id-1");
  auto& input = *request.add_inputs();
  input.set_name("image");
  input.set_datatype(datatype);
  for (const int64_t dimension : shape) input.add_shape(dimension);
  return request;
}

ModelInferRequest Files(const std::vector<std::string>& files) {
  ModelInferRequest request = Request("BYTES", {static_cast<int64_t>(files.size())});
  for (const std::string& file : files)
    request.mutable_inputs(0)->mutable_contents()->add_bytes_contents(file);
  return request;
}

std::vector<float> Floats(const std::string& raw) {
  std::vector<float> values(raw.size() / sizeof(float));
  std::memcpy(values.data(), raw.data(), values.size() * sizeof(float));
  return values;
}

TEST(ModelInferTest, FilesGiveBothOutputsOfEveryImageInOrder) {
  LoopbackServer server;
  const InferResult result =
      Infer(server.Connect(), Files({SolidBmp(255, 0, 0), SolidBmp(0, 64, 0), SolidBmp(0, 0, 128)}));
  ASSERT_THAT(result.status, IsGrpcOk());
  const ModelInferResponse& response = result.response;
  EXPECT_EQ(response.model_name(), "colours");
  EXPECT_EQ(response.model_version(), "7");
  EXPECT_EQ(response.id(), "id-1");
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "logits");
  EXPECT_EQ(response.outputs(1).name(), "probabilities");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(3, 4));
  ASSERT_EQ(response.raw_output_contents_size(), 2);
  EXPECT_THAT(Floats(response.raw_output_contents(0)),
              ElementsAre(255.0f / 64, 0, 0, 1, 0, 1, 0, 1, 0, 0, 2, 1));
  const std::vector<float> probabilities = Floats(response.raw_output_contents(1));
  ASSERT_EQ(probabilities.size(), 12u);
  const double sum = 2 * std::exp(0.0) + std::exp(2.0) + std::exp(1.0);  // of the third image
  EXPECT_THAT(probabilities[10], FloatNear(static_cast<float>(std::exp(2.0) / sum), 1e-6f));
  EXPECT_EQ(server.metrics().Requests(Method::kModelInfer, 0, "colours"), 1);
}

TEST(ModelInferTest, RawPixelsOfBothKinds) {
  LoopbackServer server;
  ModelInferRequest request = Request("UINT8", {2, kSide, kSide, 3});
  std::string pixels(2 * kPixels * 3, '\0');
  pixels[1] = 64;                                    // green of the first
  pixels[kPixels * 3 + 2] = static_cast<char>(192);  // blue of the second
  request.add_raw_input_contents(pixels);
  request.add_outputs()->set_name("logits");
  InferResult result = Infer(server.Connect(), request);
  ASSERT_THAT(result.status, IsGrpcOk());
  ASSERT_EQ(result.response.outputs_size(), 1);
  EXPECT_THAT(Floats(result.response.raw_output_contents(0)), ElementsAre(0, 1, 0, 1, 0, 0, 3, 1));

  request = Request("FP32", {2, 3, kSide, kSide});
  std::vector<float> values(2 * kPixels * 3);
  values[0] = 0.5f;
  values[kPixels * 3 + 3] = -8.25f;
  request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  request.add_outputs()->set_name("logits");
  result = Infer(server.Connect(), request);
  ASSERT_THAT(result.status, IsGrpcOk());
  EXPECT_THAT(Floats(result.response.raw_output_contents(0)), ElementsAre(0.5f, 0, 0, 0, 0, 0, 0, -8.25f));
}

TEST(ModelInferTest, TypedPixelsAreServedAsRawOnesAre) {
  LoopbackServer server;
  ModelInferRequest request = Request("UINT8", {2, kSide, kSide, 3});
  auto& values = *request.mutable_inputs(0)->mutable_contents()->mutable_uint_contents();
  values.Resize(2 * kPixels * 3, 0);
  values[1] = 64;                 // green of the first
  values[kPixels * 3 + 2] = 192;  // blue of the second
  request.add_outputs()->set_name("logits");
  const InferResult result = Infer(server.Connect(), request);
  ASSERT_THAT(result.status, IsGrpcOk());
  EXPECT_THAT(Floats(result.response.raw_output_contents(0)), ElementsAre(0, 1, 0, 1, 0, 0, 3, 1));
}

TEST(ModelInferTest, AMessageThatWouldGrowWhenItIsParsedIsRefused) {
  LoopbackServer::Options options;
  options.services.max_receive_bytes = size_t{1} << 20;
  LoopbackServer server(options);
  std::string inputs;  // two bytes each
  for (int i = 0; i < 1 << 18; ++i) inputs += std::string("\x2a\x00", 2);
  RawCall grows(server.Connect(), kModelInfer);
  ASSERT_TRUE(grows.Write(inputs));
  EXPECT_EQ(grows.Read(), "");
  EXPECT_THAT(grows.Finish(), IsError(StatusCode::INVALID_ARGUMENT, "BAD_TENSOR", HasSubstr("in inputs")));

  ModelInferRequest request = Request("UINT8", {1, kSide, kSide, 3});
  request.mutable_inputs(0)->mutable_contents()->mutable_uint_contents()->Resize(1 << 18, 1);
  EXPECT_THAT(Infer(server.Connect(), request).status,
              IsError(StatusCode::INVALID_ARGUMENT, "BAD_TENSOR", HasSubstr("expected 3072")));
  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(1);
  EXPECT_THAT(Infer(server.Connect(), request).status,
              IsError(StatusCode::INVALID_ARGUMENT, "BAD_TENSOR", HasSubstr("the 262144 that are taken")));
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
}

TEST(ModelInferTest, ClassificationWorksOnEitherOutput) {
  LoopbackServer server;
  ModelInferRequest request = Files({SolidBmp(0, 128, 0)});
  for (const char* name : {"logits", "probabilities"}) {
    auto& output = *request.add_outputs();
    output.set_name(name);
    (*output.mutable_parameters())["classification"].set_int64_param(2);
  }
  const InferResult result = Infer(server.Connect(), request);
  ASSERT_THAT(result.status, IsGrpcOk());
  EXPECT_EQ(result.response.outputs(0).datatype(), "BYTES");
  EXPECT_THAT(result.response.outputs(0).shape(), ElementsAre(1, 2));
  EXPECT_EQ(result.response.raw_output_contents(0),
            std::string("\x09\0\0\0", 4) + "2:1:green" + std::string("\x08\0\0\0", 4) + "1:3:grey");
  EXPECT_THAT(result.response.raw_output_contents(1).substr(4), StartsWith("0."));
}

TEST(ModelInferTest, OneBadImageFailsTheRequestByItsPlace) {
  LoopbackServer server;
  const std::string good = SolidBmp(1, 2, 3);
  InferResult result = Infer(server.Connect(), Files({good, good, good, "no image", good}));
  EXPECT_THAT(result.status,
              IsError(StatusCode::INVALID_ARGUMENT, "IMAGE_UNSUPPORTED", StartsWith("image[3]: ")));
  EXPECT_EQ(testing::FindDetail<google::rpc::BadRequest>(result.status)->field_violations(0).field(),
            "image[3]");
  result = Infer(server.Connect(), Files({good, good.substr(0, 500)}));
  EXPECT_THAT(result.status,
              IsError(StatusCode::INVALID_ARGUMENT, "IMAGE_CORRUPT", StartsWith("image[1]: ")));
  EXPECT_THAT(Infer(server.Connect(), Files({good})).status, IsGrpcOk());
  EXPECT_EQ(server.metrics().Requests(Method::kModelInfer, StatusCode::INVALID_ARGUMENT, "colours"), 2);
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
}

TEST(ModelInferTest, TheFirstFailureStopsTheRest) {
  LoopbackServer server;  // one worker: the images run in order
  const std::string good = SolidBmp(1, 2, 3);
  const InferResult result =
      Infer(server.Connect(), Files({SolidBmp(LoopbackServer::kFaultyRed, 0, 0), good, good, good}));
  EXPECT_THAT(result.status, IsError(StatusCode::INTERNAL, "EXECUTION_FAILED", HasSubstr("id-1")));
  AwaitCondition([&] { return server.pipeline().Gauges().inflight_bytes == 0; });
  EXPECT_EQ(server.metrics().Stages(Stage::kExecute), 1);
}

TEST(ModelInferTest, OtherRequestsInTheBatchAreUntouched) {
  LoopbackServer::Options options;
  options.pipeline.batch_timeout = absl::Seconds(60);  // only a full batch leaves
  options.pipeline.max_batch_size = 4;
  LoopbackServer server(options);
  std::vector<std::future<InferResult>> results;
  for (const uint8_t red : {uint8_t{255}, LoopbackServer::kFaultyRed, uint8_t{255}, uint8_t{255}}) {
    results.push_back(std::async(std::launch::async, [&server, red] {
      return Infer(server.Connect(), Files({SolidBmp(red, 0, 0)}));
    }));
  }
  int failed = 0;
  for (auto& result : results) failed += !result.get().status.ok();
  EXPECT_EQ(failed, 1);
}

TEST(ModelInferTest, ARequestIsAdmittedWholeOrNotAtAll) {
  LoopbackServer::Options options;
  options.pipeline.admission.queue_capacity = 4;
  LoopbackServer server(options);
  const std::string good = SolidBmp(1, 2, 3);
  InferResult result = Infer(server.Connect(), Files({good, good, good, good, good}));
  EXPECT_THAT(result.status, IsError(StatusCode::INVALID_ARGUMENT, "BAD_TENSOR", HasSubstr("capacity of 4")));

  server.gate().Close();
  auto running = std::async(std::launch::async, [&] { return Infer(server.Connect(), Files({good})); });
  server.AwaitExecutions(1);
  auto waiting = std::async(std::launch::async, [&] { return Infer(server.Connect(), Files({good, good})); });
  AwaitCondition([&] { return server.pipeline().Gauges().queue_depth == 2; });
  result = Infer(server.Connect(), Files({good, good, good}));
  EXPECT_THAT(result.status, IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", _));
  EXPECT_EQ(result.trailers.count("grpc-retry-pushback-ms"), 1u);
  EXPECT_EQ(server.pipeline().Gauges().queue_depth, 2);
  server.gate().Open();
  EXPECT_THAT(running.get().status, IsGrpcOk());
  EXPECT_THAT(waiting.get().status, IsGrpcOk());
}

// At the deadline, not when the worker is free.
TEST(ModelInferTest, ATimeoutParameterShortensTheDeadline) {
  LoopbackServer server;
  server.gate().Close();
  auto running =
      std::async(std::launch::async, [&] { return Infer(server.Connect(), Files({SolidBmp(1, 2, 3)})); });
  server.AwaitExecutions(1);
  ModelInferRequest request = Files({SolidBmp(1, 2, 3)});
  (*request.mutable_parameters())["timeout"].set_int64_param(1000);
  EXPECT_THAT(Infer(server.Connect(), request).status, IsError(StatusCode::DEADLINE_EXCEEDED, "DEADLINE", _));
  server.gate().Open();
  EXPECT_THAT(running.get().status, IsGrpcOk());
}

// With one image a batch, both workers have one at the same time.
TEST(ModelInferTest, TheImagesOfARequestSpreadOverWorkers) {
  LoopbackServer::Options options;
  options.pipeline.workers = 2;
  options.pipeline.max_batch_size = 1;
  LoopbackServer server(options);
  server.gate().Close();
  auto result = std::async(std::launch::async, [&] {
    ModelInferRequest request = Files({SolidBmp(64, 0, 0), SolidBmp(128, 0, 0), SolidBmp(192, 0, 0)});
    request.add_outputs()->set_name("logits");
    return Infer(server.Connect(), request);
  });
  server.AwaitExecutions(2);
  server.gate().Open();
  const InferResult spread = result.get();
  ASSERT_THAT(spread.status, IsGrpcOk());
  EXPECT_THAT(Floats(spread.response.raw_output_contents(0)),
              ElementsAre(1, 0, 0, 1, 2, 0, 0, 1, 3, 0, 0, 1));
}

TEST(ModelInferTest, UnknownModelsParametersAndOutputsAreNamed) {
  LoopbackServer server;
  ModelInferRequest request = Files({SolidBmp(1, 2, 3)});
  request.set_model_name("shapes");
  EXPECT_THAT(Infer(server.Connect(), request).status,
              IsError(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", HasSubstr("'shapes'")));
  request = Files({SolidBmp(1, 2, 3)});
  request.add_outputs()->set_name("scores");
  EXPECT_THAT(Infer(server.Connect(), request).status,
              IsError(StatusCode::INVALID_ARGUMENT, "BAD_TENSOR", HasSubstr("'scores'")));
  request = Files({SolidBmp(1, 2, 3)});
  (*request.mutable_parameters())["timeout"].set_string_param("soon");
  EXPECT_THAT(Infer(server.Connect(), request).status,
              IsError(StatusCode::INVALID_ARGUMENT, "", HasSubstr("'timeout' holds a string")));
  EXPECT_THAT(Infer(server.Connect(), Request("FP16", {1})).status,
              IsError(StatusCode::INVALID_ARGUMENT, "BAD_TENSOR", HasSubstr("'FP16'")));
}

}  // namespace
}  // namespace edgenext::serving
