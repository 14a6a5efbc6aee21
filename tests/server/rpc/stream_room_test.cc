// What streams hold of the budget of bytes, and for how long.

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/http2_peer.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using grpc::StatusCode;
using ::testing::_;
using testing::AwaitCondition;
using testing::Classify;
using testing::IsError;
using testing::IsGrpcOk;
using testing::LoopbackServer;
using testing::RawCall;

constexpr size_t kLargestImage = size_t{1} << 20;
constexpr int64_t kRoom = int64_t{kLargestImage + (size_t{64} << 10)};  // of one image, before it is read

v1::ClassifyStreamRequest Message(uint64_t id) {
  v1::ClassifyStreamRequest request;
  request.set_id(id);
  *request.mutable_request() = testing::Red();
  return request;
}

// A stream over a connection of its own, one step at a time.
class Stream {
 public:
  explicit Stream(const LoopbackServer& server) : stub_(v1::Classifier::NewStub(server.Connect())) {
    context_.set_deadline(testing::HangDeadline());
    stream_ = stub_->ClassifyStream(&context_);
    stream_->WaitForInitialMetadata();
  }
  bool Write(uint64_t id, size_t padding = 0) {
    v1::ClassifyStreamRequest request = Message(id);
    request.mutable_request()->mutable_image()->append(padding, 'x');
    return stream_->Write(request);
  }
  // The id of the next answer, which must be a good one; 0 at the end of the stream.
  uint64_t Read() {
    v1::ClassifyStreamResponse answer;
    if (!stream_->Read(&answer)) return 0;
    EXPECT_TRUE(answer.has_response()) << answer.ShortDebugString();
    return answer.id();
  }
  grpc::Status Finish() { return stream_->Finish(); }
  grpc::Status SayGoodbye() {
    stream_->WritesDone();
    EXPECT_EQ(Read(), 0u);
    return Finish();
  }
  void Cancel() { context_.TryCancel(); }

 private:
  const std::unique_ptr<v1::Classifier::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>> stream_;
};

// A server whose budget is the room of `rooms` images.
LoopbackServer::Options Rooms(int rooms, absl::Duration idle_time) {
  LoopbackServer::Options options;
  options.pipeline.admission.max_inflight_bytes = static_cast<size_t>(rooms * kRoom);
  options.services.max_image_bytes = kLargestImage;
  options.services.stream_window = 2;
  options.services.stream_idle_time = idle_time;
  return options;
}

constexpr int kRoundTrips = 20;
// Round trips in which a server does what it would do without being asked.
void RoundTrips(const LoopbackServer& server) {
  const auto channel = server.Connect();
  for (int i = 0; i < kRoundTrips; ++i) {
    RawCall call(channel, "/inference.GRPCInferenceService/ServerLive");
    call.Write("");
    call.Read();
    EXPECT_THAT(call.Finish(), IsGrpcOk());
  }
}

int64_t Held(LoopbackServer& server) { return server.pipeline().Gauges().inflight_bytes; }

TEST(StreamRoomTest, AStreamHoldsTheRoomOfWhatItReads) {
  LoopbackServer server(Rooms(3, absl::Hours(1)));
  Stream stream(server);
  AwaitCondition([&] { return Held(server) == kRoom; });
  server.gate().Close();
  ASSERT_TRUE(stream.Write(1));
  // The message at its real size, and the room of the next.
  const auto image = static_cast<int64_t>(Message(1).ByteSizeLong());
  AwaitCondition([&] { return Held(server) == kRoom + image; });
  ASSERT_TRUE(stream.Write(2));
  AwaitCondition([&] { return Held(server) == 2 * image; });  // the window is closed
  server.gate().Open();
  EXPECT_EQ(stream.Read() + stream.Read(), 3u);
  EXPECT_THAT(stream.SayGoodbye(), IsGrpcOk());
  AwaitCondition([&] { return Held(server) == 0; });
}

TEST(StreamRoomTest, AnImageThatWaitsForAPlaceHoldsItsSize) {
  LoopbackServer::Options options = Rooms(3, absl::Hours(1));
  options.pipeline.admission.queue_capacity = 1;
  options.services.stream_window = 3;
  LoopbackServer server(options);
  server.gate().Close();
  Stream stream(server);
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(stream.Write(id));
  // One runs, one has the only place, one waits for it.
  server.AwaitExecutions(1);
  AwaitCondition([&] { return server.metrics().Stages(Stage::kParse) == 3; });
  const auto image = static_cast<int64_t>(Message(1).ByteSizeLong());
  AwaitCondition([&] { return Held(server) < 4 * image; });
  server.gate().Open();
  for (int i = 0; i < 3; ++i) EXPECT_NE(stream.Read(), 0u);
}

TEST(StreamRoomTest, NoMoreIsReadThanThereIsRoomFor) {
  LoopbackServer server(Rooms(2, absl::Hours(1)));
  server.gate().Close();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(std::make_unique<Stream>(server));
  std::vector<std::future<bool>> writes;
  for (const auto& stream : streams) {
    writes.push_back(std::async(std::launch::async, [&] { return stream->Write(1, 600 << 10); }));
  }
  // With two images of 0.6 MiB there is no room for another of 1 MiB.
  AwaitCondition([&] { return server.metrics().Stages(Stage::kParse) == 2; });
  RoundTrips(server);
  EXPECT_EQ(server.metrics().Stages(Stage::kParse), 2 + kRoundTrips);
  EXPECT_LE(Held(server), 2 * kRoom);
  server.gate().Open();
  for (auto& write : writes) EXPECT_TRUE(write.get());
  for (const auto& stream : streams) EXPECT_EQ(stream->Read(), 1u);
}

TEST(StreamRoomTest, AnIdleStreamLosesItsRoomToAUnaryCall) {
  LoopbackServer server(Rooms(1, absl::Milliseconds(20)));
  Stream stream(server);
  ASSERT_TRUE(stream.Write(1));
  EXPECT_EQ(stream.Read(), 1u);
  AwaitCondition([&] { return Held(server) == kRoom; });
  EXPECT_THAT(Classify(server.Connect(), testing::Red()).status, IsGrpcOk());
  EXPECT_EQ(stream.Read(), 0u);
  EXPECT_THAT(stream.Finish(), IsError(StatusCode::UNAVAILABLE, "STREAM_IDLE", _));
  AwaitCondition([&] { return Held(server) == 0; });
}

TEST(StreamRoomTest, ForOneThatWaitsOneIdleStreamLosesItsRoom) {
  LoopbackServer::Options options = Rooms(2, absl::Milliseconds(20));
  // And for an image that is there beside both.
  options.pipeline.admission.max_inflight_bytes += size_t{64} << 10;
  LoopbackServer server(options);
  Stream first(server), second(server);
  AwaitCondition([&] { return Held(server) == 2 * kRoom; });
  Stream third(server);
  ASSERT_TRUE(third.Write(7));
  EXPECT_EQ(third.Read(), 7u);
  EXPECT_THAT(third.SayGoodbye(), IsGrpcOk());
  EXPECT_EQ(server.metrics().Requests(Method::kClassifyStream, StatusCode::UNAVAILABLE, "colours"), 1);
}

TEST(StreamRoomTest, AnIdleStreamKeepsItsRoomWhileNobodyWaits) {
  LoopbackServer server(Rooms(2, absl::ZeroDuration()));
  Stream stream(server);
  AwaitCondition([&] { return Held(server) == kRoom; });
  RoundTrips(server);
  EXPECT_THAT(Classify(server.Connect(), testing::Red()).status, IsGrpcOk());
  ASSERT_TRUE(stream.Write(1));
  EXPECT_EQ(stream.Read(), 1u);
  EXPECT_THAT(stream.SayGoodbye(), IsGrpcOk());
}

TEST(StreamRoomTest, AStreamThatIsOwedAnAnswerIsNotIdle) {
  LoopbackServer server(Rooms(2, absl::ZeroDuration()));
  server.gate().Close();
  Stream stream(server);
  ASSERT_TRUE(stream.Write(1, 512 << 10));
  server.AwaitExecutions(1);
  AwaitCondition([&] { return Held(server) > kRoom; });
  Stream other(server);  // finds no room, and nobody gives any
  ASSERT_TRUE(other.Write(1));
  RoundTrips(server);
  EXPECT_EQ(server.metrics().Stages(Stage::kParse), 1 + kRoundTrips) << "the other's image is unread";
  server.gate().Open();
  EXPECT_EQ(stream.Read(), 1u);
  EXPECT_EQ(other.Read(), 1u);
}

TEST(StreamRoomTest, AClientThatTakesNoAnswersLosesItsRoomAndItsStream) {
  LoopbackServer::Options options = Rooms(1, absl::Milliseconds(20));
  options.pipeline.admission.max_inflight_bytes += size_t{64} << 10;  // for the image beside it
  LoopbackServer server(options);
  testing::Http2Peer peer(server.rpc().port());
  peer.SayHelloWithoutWindow();
  peer.SendCall(1, testing::kClassifyStream);
  v1::ClassifyStreamRequest request;
  *request.mutable_request() = testing::Red();
  peer.SendMessage(1, request.SerializeAsString(), /*last=*/false);
  AwaitCondition([&] { return server.metrics().Requests(Method::kClassifyStream, 0, "colours") == 1; });
  EXPECT_THAT(Classify(server.Connect(), testing::Red()).status, IsGrpcOk());
  AwaitCondition([&] { return server.pipeline().Gauges().open_calls == 0; });
}

TEST(StreamRoomTest, AStreamThatIsCancelledWhileItWaitsForRoomLeavesTheLine) {
  LoopbackServer::Options options = Rooms(1, absl::Hours(1));
  options.rpc.polling_threads = 1;  // so that a round trip comes after what was begun before
  LoopbackServer server(options);
  Stream holder(server);
  AwaitCondition([&] { return Held(server) == kRoom; });
  Stream cancelled(server), patient(server);
  RoundTrips(server);  // both wait
  cancelled.Cancel();
  EXPECT_EQ(cancelled.Finish().error_code(), StatusCode::CANCELLED);
  AwaitCondition([&] { return server.pipeline().Gauges().open_calls == 2; });
  EXPECT_EQ(Held(server), kRoom) << "before there was room";
  EXPECT_THAT(holder.SayGoodbye(), IsGrpcOk());
  ASSERT_TRUE(patient.Write(1));
  EXPECT_EQ(patient.Read(), 1u);
}

TEST(StreamRoomTest, OnAnOldConnectionWhatWasReadIsAnsweredAndTheStreamEnds) {
  LoopbackServer::Options options;
  options.rpc.max_connection_age = absl::Milliseconds(300);
  LoopbackServer server(options);
  // One id after the other, each over a new stream if the one before has ended.
  auto stream = std::make_unique<Stream>(server);
  int streams = 1;
  for (uint64_t id = 1; streams < 4; ++id) {
    while (!stream->Write(id) || stream->Read() != id) {
      EXPECT_THAT(stream->Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
      stream = std::make_unique<Stream>(server);
      ++streams;
    }
  }
  stream->SayGoodbye();
}

}  // namespace
}  // namespace edgenext::serving
