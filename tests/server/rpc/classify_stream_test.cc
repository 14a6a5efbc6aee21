#include <grpcpp/grpcpp.h>

#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>

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
using testing::AwaitCondition;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsGrpcOk;
using testing::LoopbackServer;
using testing::RawCall;
using testing::ReasonOf;
using testing::SolidBmp;

constexpr int kWindow = 3;

v1::ClassifyStreamRequest Image(uint64_t id, const std::string& file) {
  v1::ClassifyStreamRequest request;
  request.set_id(id);
  request.mutable_request()->set_image(file);
  return request;
}

v1::ClassifyStreamRequest Red(uint64_t id) { return Image(id, SolidBmp(255, 0, 0)); }

class ClassifyStreamTest : public ::testing::Test {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>;

  explicit ClassifyStreamTest(LoopbackServer::Options options = Options())
      : server_(options), channel_(server_.Connect()), stub_(v1::Classifier::NewStub(channel_)) {
    context_.set_deadline(testing::HangDeadline());
  }
  ~ClassifyStreamTest() override { server_.gate().Open(); }

  static LoopbackServer::Options Options() {
    LoopbackServer::Options options;
    options.services.stream_window = kWindow;
    return options;
  }
  std::unique_ptr<Stream> Open() { return stub_->ClassifyStream(&context_); }

  // Reads until the end of the stream.
  static std::map<uint64_t, v1::ClassifyStreamResponse> ReadAll(Stream& stream) {
    std::map<uint64_t, v1::ClassifyStreamResponse> answers;
    v1::ClassifyStreamResponse answer;
    while (stream.Read(&answer)) {
      EXPECT_TRUE(answers.emplace(answer.id(), answer).second) << "answered twice: " << answer.id();
    }
    return answers;
  }

  // Round trips in which a server does what it would do without being asked.
  static void RoundTrips(const std::shared_ptr<grpc::Channel>& channel, int count) {
    for (int i = 0; i < count; ++i) {
      RawCall call(channel, "/inference.GRPCInferenceService/ServerLive");
      call.Write("");
      call.Read();
      EXPECT_THAT(call.Finish(), IsGrpcOk());
    }
  }

  LoopbackServer server_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Classifier::Stub> stub_;
  grpc::ClientContext context_;
};

TEST_F(ClassifyStreamTest, SaysItsWindowBeforeAnythingIsSent) {
  const auto stream = Open();
  stream->WaitForInitialMetadata();
  const auto& metadata = context_.GetServerInitialMetadata();
  const auto found = metadata.find("edgenext-stream-window");
  ASSERT_NE(found, metadata.end());
  EXPECT_EQ(std::string(found->second.data(), found->second.size()), std::to_string(kWindow));
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

TEST_F(ClassifyStreamTest, EveryImageIsAnsweredOnceAndThenTheStreamEnds) {
  constexpr uint64_t kImages = 100;
  const auto stream = Open();
  std::future<void> writer = std::async(std::launch::async, [&] {
    for (uint64_t id = 1; id <= kImages; ++id) {
      EXPECT_TRUE(stream->Write(id % 2 == 0 ? Red(id) : Image(id, SolidBmp(0, 0, 255))));
    }
    stream->WritesDone();
  });
  const auto answers = ReadAll(*stream);
  writer.get();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  ASSERT_EQ(answers.size(), kImages);
  for (const auto& [id, answer] : answers) {
    ASSERT_TRUE(answer.has_response()) << answer.ShortDebugString();
    EXPECT_EQ(answer.response().predictions(0).label(), id % 2 == 0 ? "red" : "blue");
  }
  EXPECT_EQ(server_.metrics().Requests(Method::kClassifyStream, 0, "colours"), static_cast<int>(kImages));
  AwaitCondition([this] { return server_.pipeline().Gauges().inflight_bytes == 0; });
}

TEST_F(ClassifyStreamTest, AnImageFailsAlone) {
  const auto stream = Open();
  v1::ClassifyStreamRequest other_model = Red(3);
  other_model.mutable_request()->set_model("shapes");
  v1::ClassifyStreamRequest faulty = Image(4, SolidBmp(LoopbackServer::kFaultyRed, 0, 0));
  faulty.mutable_request()->set_request_id("request-4");
  v1::ClassifyStreamRequest bad_timeout = Red(5);
  bad_timeout.mutable_timeout()->set_seconds(-1);
  v1::ClassifyStreamRequest expired = Red(6);
  expired.mutable_timeout()->set_seconds(0);
  for (const auto& request :
       {Image(1, ""), Image(2, "no image"), other_model, faulty, bad_timeout, expired, Red(7)}) {
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  const auto answers = ReadAll(*stream);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  ASSERT_EQ(answers.size(), 7u);
  const auto expect_error = [&answers](uint64_t id, StatusCode code, const char* reason) {
    const google::rpc::Status& error = answers.at(id).error();
    EXPECT_EQ(error.code(), code) << error.ShortDebugString();
    EXPECT_EQ(ReasonOf(error), reason) << error.ShortDebugString();
  };
  expect_error(1, StatusCode::INVALID_ARGUMENT, "IMAGE_UNSUPPORTED");
  expect_error(2, StatusCode::INVALID_ARGUMENT, "IMAGE_UNSUPPORTED");
  expect_error(3, StatusCode::NOT_FOUND, "MODEL_NOT_FOUND");
  expect_error(4, StatusCode::INTERNAL, "EXECUTION_FAILED");
  EXPECT_THAT(answers.at(4).error().message(), HasSubstr("request-4"));
  expect_error(5, StatusCode::INVALID_ARGUMENT, "");
  expect_error(6, StatusCode::DEADLINE_EXCEEDED, "DEADLINE");
  EXPECT_EQ(answers.at(7).response().predictions(0).label(), "red");
}

TEST_F(ClassifyStreamTest, AMessageOfAnotherKindEndsTheStreamAfterTheAnswers) {
  RawCall call(server_.Connect(), "/edgenext.v1.Classifier/ClassifyStream");
  ASSERT_TRUE(call.Write(Red(1).SerializeAsString()));
  v1::ClassifyStreamResponse answer;
  ASSERT_TRUE(answer.ParseFromString(call.Read()));
  EXPECT_EQ(answer.id(), 1u);
  call.Write("\xFF\xFF\xFF");
  EXPECT_EQ(call.Read(), "");
  EXPECT_THAT(call.Finish(),
              IsError(StatusCode::INVALID_ARGUMENT, "", HasSubstr("edgenext.v1.ClassifyStreamRequest")));
}

TEST_F(ClassifyStreamTest, NoMoreThanTheWindowIsRead) {
  server_.gate().Close();
  const auto stream = Open();
  // More than the window, each too large for several to fit into HTTP/2's: the writer has to be held back.
  constexpr uint64_t kImages = kWindow + 3;
  const std::string padding(512 << 10, 'x');
  std::future<void> writer = std::async(std::launch::async, [&] {
    for (uint64_t id = 1; id <= kImages; ++id)
      EXPECT_TRUE(stream->Write(Image(id, SolidBmp(255, 0, 0) + padding)));
    stream->WritesDone();
  });
  AwaitCondition([this] { return server_.metrics().Stages(Stage::kParse) >= kWindow; });
  // Round trips in which a server that reads on would have read on.
  constexpr int kRoundTrips = 20;
  RoundTrips(server_.Connect(), kRoundTrips);
  EXPECT_EQ(server_.metrics().Stages(Stage::kParse), kWindow + kRoundTrips);
  EXPECT_EQ(writer.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  server_.gate().Open();
  EXPECT_EQ(ReadAll(*stream).size(), kImages);
  writer.get();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

class NarrowServerTest : public ClassifyStreamTest {
 protected:
  NarrowServerTest() : ClassifyStreamTest(Narrow()) {}
  static LoopbackServer::Options Narrow() {
    LoopbackServer::Options options = Options();
    options.pipeline.admission.queue_capacity = 1;
    return options;
  }
};

TEST_F(NarrowServerTest, AStreamWaitsForAPlaceAndIsNeverRefused) {
  server_.gate().Close();
  constexpr uint64_t kImages = 30;
  const auto stream = Open();
  std::future<void> writer = std::async(std::launch::async, [&] {
    for (uint64_t id = 1; id <= kImages; ++id) EXPECT_TRUE(stream->Write(Red(id)));
    stream->WritesDone();
  });
  server_.AwaitExecutions(1);
  AwaitCondition([this] { return server_.pipeline().Gauges().queue_depth == 1; });
  // The only place is taken: a unary call is refused, the stream waits.
  const auto refused = testing::Classify(server_.Connect(), Red(0).request());
  EXPECT_THAT(refused.status, IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", _));
  server_.gate().Open();
  const auto answers = ReadAll(*stream);
  writer.get();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  ASSERT_EQ(answers.size(), kImages);
  for (const auto& [id, answer] : answers) EXPECT_TRUE(answer.has_response()) << answer.ShortDebugString();
}

TEST_F(NarrowServerTest, AtADrainAnImageThatWaitsForAPlaceIsFinished) {
  server_.gate().Close();
  const auto stream = Open();
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(stream->Write(Red(id)));
  // One runs, one has the only place, one has been read and waits for it.
  server_.AwaitExecutions(1);
  AwaitCondition([this] { return server_.metrics().Stages(Stage::kParse) == 3; });
  server_.rpc().Drain();
  server_.gate().Open();
  const auto answers = ReadAll(*stream);
  ASSERT_EQ(answers.size(), 3u);
  for (const auto& [id, answer] : answers) EXPECT_TRUE(answer.has_response()) << answer.ShortDebugString();
  EXPECT_THAT(stream->Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
}

TEST_F(ClassifyStreamTest, AStreamThatIsCancelledBeforeItsFirstImageCountsForTheModel) {
  const auto stream = Open();
  stream->WaitForInitialMetadata();
  context_.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  AwaitCondition([this] {
    return server_.metrics().Requests(Method::kClassifyStream, StatusCode::CANCELLED, "colours") == 1;
  });
}

TEST_F(NarrowServerTest, ACancelledStreamStopsItsImages) {
  server_.gate().Close();
  const auto stream = Open();
  for (uint64_t id = 1; id <= kWindow; ++id) ASSERT_TRUE(stream->Write(Red(id)));
  // One runs, one has the only place, one waits for it.
  server_.AwaitExecutions(1);
  AwaitCondition([this] { return server_.metrics().Stages(Stage::kParse) == kWindow; });
  context_.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  const auto cancelled = [this] {
    return server_.metrics().Requests(Method::kClassifyStream, StatusCode::CANCELLED, "colours");
  };
  AwaitCondition([&] { return cancelled() == 1; });  // the one that waits: the server knows
  server_.gate().Open();
  AwaitCondition([this] { return server_.pipeline().Gauges().open_calls == 0; });
  EXPECT_EQ(cancelled(), kWindow) << "the one that ran has nobody to answer to, the other did not run";
  EXPECT_EQ(server_.metrics().Requests(Method::kClassifyStream, 0, "colours"), 0);
}

TEST_F(ClassifyStreamTest, AtADrainWhatWasReadIsFinished) {
  server_.gate().Close();
  const auto stream = Open();
  for (uint64_t id = 1; id <= 2; ++id) ASSERT_TRUE(stream->Write(Red(id)));
  server_.AwaitExecutions(1);
  AwaitCondition([this] { return server_.pipeline().Gauges().queue_depth == 1; });
  server_.rpc().Drain();
  server_.gate().Open();
  const auto answers = ReadAll(*stream);
  EXPECT_EQ(answers.size(), 2u);
  for (const auto& [id, answer] : answers) EXPECT_TRUE(answer.has_response()) << answer.ShortDebugString();
  EXPECT_THAT(stream->Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
}

TEST_F(ClassifyStreamTest, AtADrainAStreamThatIsFullySentEndsWell) {
  server_.gate().Close();
  const auto stream = Open();
  ASSERT_TRUE(stream->Write(Red(1)));
  server_.AwaitExecutions(1);
  stream->WritesDone();
  RoundTrips(channel_, 50);  // on the same connection, so the server has read the stream's end before
  server_.rpc().Drain();
  server_.gate().Open();
  EXPECT_EQ(ReadAll(*stream).size(), 1u);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

TEST_F(ClassifyStreamTest, AtADrainAnIdleStreamEndsAtOnce) {
  const auto stream = Open();
  stream->WaitForInitialMetadata();
  server_.rpc().Drain();
  EXPECT_THAT(stream->Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
  EXPECT_EQ(server_.metrics().Requests(Method::kClassifyStream, StatusCode::UNAVAILABLE, "colours"), 1);
}

}  // namespace
}  // namespace edgenext::serving
