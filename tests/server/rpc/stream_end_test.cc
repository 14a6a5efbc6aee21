// Streams that end while they wait for room: they leave the line at once, whoever else waits.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
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
using testing::IsError;
using testing::LoopbackServer;

class StreamEndTest : public ::testing::Test {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>;

  void Start(LoopbackServer::Options options) {
    options.services.stream_idle_time = absl::Hours(1);
    server_ = std::make_unique<LoopbackServer>(options);
  }
  // All that there is of the budget.
  void TakeAll(int images, size_t bytes) {
    AdmissionRequest all;
    all.images = images;
    all.bytes = bytes;
    absl::StatusOr<Admission> admission = server_->pipeline().admission().Admit(all);
    ASSERT_TRUE(admission.ok()) << admission.status();
    ASSERT_EQ(admission->bytes(), bytes);
    taken_ = *std::move(admission);
  }
  std::unique_ptr<Stream> Open() {
    stub_ = v1::Classifier::NewStub(server_->Connect());
    context_.set_deadline(testing::HangDeadline());
    auto stream = stub_->ClassifyStream(&context_);
    stream->WaitForInitialMetadata();
    return stream;
  }
  void AwaitNoOpenCall() {
    AwaitCondition([this] { return server_->pipeline().Gauges().open_calls == 0; });
  }

  std::unique_ptr<LoopbackServer> server_;
  Admission taken_;
  std::unique_ptr<v1::Classifier::Stub> stub_;
  grpc::ClientContext context_;
};

TEST_F(StreamEndTest, AStreamThatGetsTooOldWhileItWaitsForRoomLeavesTheLine) {
  LoopbackServer::Options options;
  options.rpc.max_connection_age = absl::Milliseconds(200);
  Start(options);
  TakeAll(0, options.pipeline.admission.max_inflight_bytes);
  const auto stream = Open();
  v1::ClassifyStreamResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
  AwaitNoOpenCall();
}

}  // namespace
}  // namespace edgenext::serving
