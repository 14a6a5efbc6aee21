// Streams that end while they wait for room or a place: they leave the line at once, whoever else waits.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
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
using testing::IsError;
using testing::LoopbackServer;

// The real clock, which does something else first when it is asked for the next time.
class InterruptedClock final : public Clock {
 public:
  void InterruptOnce(std::function<void()> interruption) {
    interruption_ = std::move(interruption);
    armed_.store(true);
  }
  MonotonicTime Now() const override {
    if (armed_.exchange(false)) interruption_();
    return Clock::Real().Now();
  }
  void WaitUntil(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                 MonotonicTime deadline) override {
    Clock::Real().WaitUntil(changed, lock, deadline);
  }

 private:
  std::function<void()> interruption_;
  mutable std::atomic<bool> armed_{false};
};

class StreamEndTest : public ::testing::Test {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::ClassifyStreamRequest, v1::ClassifyStreamResponse>;

  void Start(LoopbackServer::Options options) {
    options.services.clock = &clock_;
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

  InterruptedClock clock_;
  std::unique_ptr<LoopbackServer> server_;
  Admission taken_;
  std::unique_ptr<v1::Classifier::Stub> stub_;
  grpc::ClientContext context_;
};

TEST_F(StreamEndTest, AnImageWhoseStreamIsCutOffOnItsWayIntoTheLineDoesNotStayThere) {
  LoopbackServer::Options options;
  Start(options);
  TakeAll(options.pipeline.admission.queue_capacity, 0);
  const auto stream = Open();
  std::future<int> cut_off;
  std::promise<void> client_knows;
  clock_.InterruptOnce([&] {  // the image has been read and not got into the line
    cut_off = std::async(std::launch::async, [this] { return server_->rpc().Shutdown(MonotonicTime()); });
    client_knows.get_future().wait();
  });
  v1::ClassifyStreamRequest image;
  *image.mutable_request() = testing::Red();
  ASSERT_TRUE(stream->Write(image));
  v1::ClassifyStreamResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_NE(stream->Finish().error_code(), StatusCode::OK);
  client_knows.set_value();
  AwaitNoOpenCall();
  taken_ = Admission();
  EXPECT_EQ(cut_off.get(), 1);
}

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
