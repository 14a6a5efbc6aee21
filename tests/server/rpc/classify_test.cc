#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using testing::LoopbackServer;
using testing::SolidBmp;

TEST(ClassifyTest, AnswersWithThePredictionsOfTheImage) {
  LoopbackServer server;
  const auto stub = v1::Classifier::NewStub(server.Connect());
  v1::ClassifyRequest request;
  request.set_image(SolidBmp(255, 0, 128));
  request.set_top_k(2);
  request.set_request_id("abc");
  v1::ClassifyResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->Classify(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.predictions_size(), 2);
  EXPECT_EQ(response.predictions(0).label(), "red");
  EXPECT_EQ(response.predictions(0).index(), 0u);
  EXPECT_EQ(response.predictions(1).label(), "blue");
  EXPECT_EQ(response.model(), "colours");
  EXPECT_EQ(response.model_version(), "7");
  EXPECT_EQ(response.request_id(), "abc");
  EXPECT_EQ(response.timings().batch_size(), 1u);
}

}  // namespace
}  // namespace edgenext::serving
