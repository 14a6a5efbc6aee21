// How each refusal on the headers looks to a client, and the wait for bytes before it.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/server/rpc/requests.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using google::rpc::RetryInfo;
using grpc::StatusCode;
using ::testing::_;
using testing::AwaitCondition;
using testing::Classify;
using testing::ClassifyResult;
using testing::FindDetail;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsGrpcOk;
using testing::kClassify;
using testing::kClassifyStream;
using testing::kModelInfer;
using testing::LoopbackServer;
using testing::RawCall;
using testing::Red;

constexpr char kPushback[] = "grpc-retry-pushback-ms";
// What a Classify call reserves.
constexpr int64_t kReserved = (1 << 20) + (64 << 10);

std::string PushbackOf(const ClassifyResult& result) {
  const auto found = result.trailers.find(kPushback);
  return found == result.trailers.end() ? "none" : found->second;
}

std::chrono::system_clock::time_point In(int milliseconds) {
  return std::chrono::system_clock::now() + std::chrono::milliseconds(milliseconds);
}

// One worker, which is held in an execution, and which the server believes to need 4 s for an image.
class BusyServerTest : public ::testing::Test {
 protected:
  explicit BusyServerTest(LoopbackServer::Options options = Options())
      : server_(std::move(options)), stub_(v1::Classifier::NewStub(server_.Connect())) {
    server_.gate().Close();
    running_ = Start("");
    server_.AwaitExecutions(1);
    server_.pipeline().admission().SetServiceTime(absl::Seconds(4));
  }
  ~BusyServerTest() override { server_.gate().Open(); }

  static LoopbackServer::Options Options() {
    LoopbackServer::Options options;
    options.pipeline.admission.queue_capacity = 2;
    options.pipeline.admission.max_queue_wait = absl::Seconds(5);
    options.pipeline.retry_random = [] { return 0.25; };
    options.services.client_key = "x-client";
    options.services.bulk_clients = {"batch"};
    return options;
  }
  // On a connection of its own.
  ClassifyResult CallAs(const std::string& client,
                        std::chrono::system_clock::time_point deadline = testing::HangDeadline()) {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    if (!client.empty()) context.AddMetadata("x-client", client);
    ClassifyResult result;
    result.status = v1::Classifier::NewStub(server_.Connect())->Classify(&context, Red(), &result.response);
    result.trailers = testing::Copy(context.GetServerTrailingMetadata());
    return result;
  }
  std::future<ClassifyResult> Start(const std::string& client) {
    return std::async(std::launch::async, [this, client] { return CallAs(client); });
  }
  // As Start, and waits until the image is queued.
  std::future<ClassifyResult> Queue(const std::string& client) {
    const int queued = server_.pipeline().Gauges().queue_depth + 1;
    std::future<ClassifyResult> result = Start(client);
    AwaitCondition([&] { return server_.pipeline().Gauges().queue_depth == queued; });
    return result;
  }

  LoopbackServer server_;
  std::unique_ptr<v1::Classifier::Stub> stub_;
  std::future<ClassifyResult> running_;
};

TEST_F(BusyServerTest, ADeadlineOutOfReach) {
  const ClassifyResult result = Classify(*stub_, Red(), In(5000));  // 2 s for the rest of one, and 4
  EXPECT_THAT(result.status,
              IsError(StatusCode::RESOURCE_EXHAUSTED, "DEADLINE_UNREACHABLE", HasSubstr("cannot be met")));
  EXPECT_FALSE(FindDetail<RetryInfo>(result.status));
  EXPECT_EQ(PushbackOf(result), "-1");
  EXPECT_EQ(server_.metrics().Rejected(RejectReason::kDeadlineUnreachable), 1);
  AwaitCondition([this] { return server_.metrics().Refusals() == 1; });  // counted when all else is done
}

TEST_F(BusyServerTest, TooLongAWait) {
  const std::future<ClassifyResult> waiting = Queue("");
  // 6 s, of 5 at most. All is done in 8 s, of which three quarters are told.
  const ClassifyResult result = Classify(*stub_, Red());
  EXPECT_THAT(result.status, IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("wait is 6s")));
  ASSERT_TRUE(FindDetail<RetryInfo>(result.status));
  EXPECT_EQ(FindDetail<RetryInfo>(result.status)->retry_delay().seconds(), 6);
  EXPECT_EQ(PushbackOf(result), "6000");
  EXPECT_EQ(server_.metrics().Rejected(RejectReason::kOverloaded), 1);
  server_.gate().Open();
}

TEST_F(BusyServerTest, ARetryThatWouldComeAfterTheDeadlineIsForbidden) {
  server_.pipeline().admission().SetServiceTime(absl::Milliseconds(1));
  const std::future<ClassifyResult> first = Queue(""), second = Queue("");
  server_.pipeline().admission().SetServiceTime(absl::Seconds(4));
  const ClassifyResult result = Classify(*stub_, Red(), In(8000));  // 9 s are told, of 12
  EXPECT_THAT(result.status, IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("2 places")));
  EXPECT_EQ(FindDetail<RetryInfo>(result.status)->retry_delay().seconds(), 9);
  EXPECT_EQ(PushbackOf(result), "-1");
  server_.gate().Open();
}

// Whose connections count as one, and whose name differs from the other's at its end only.
TEST_F(BusyServerTest, AGreedyClientLeavesPlacesToAnother) {
  const std::string greedy(300, 'n'), polite = greedy + "!";
  std::future<ClassifyResult> first = Queue(greedy);
  server_.pipeline().admission().SetServiceTime(absl::Milliseconds(1));
  std::future<ClassifyResult> second = Queue(greedy);
  EXPECT_THAT(CallAs(polite).status, IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", _));
  server_.gate().Let(1);
  AwaitCondition([this] { return server_.pipeline().Gauges().inflight_requests == 1; });
  EXPECT_THAT(CallAs(greedy).status,
              IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("has its part")));
  std::future<ClassifyResult> served = Queue(polite);
  server_.gate().Open();
  EXPECT_THAT(served.get().status, IsGrpcOk());
}

TEST_F(BusyServerTest, AClientThatIsCappedGoesLast) {
  server_.pipeline().admission().SetServiceTime(absl::Milliseconds(1));
  std::future<ClassifyResult> batch = Queue("batch");
  std::future<ClassifyResult> other = Queue("other");
  server_.gate().Let(2);  // the one that runs, and the first of these
  EXPECT_THAT(other.get().status, IsGrpcOk());
  EXPECT_EQ(batch.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  server_.gate().Open();
  EXPECT_THAT(batch.get().status, IsGrpcOk());
}

TEST(RefusalTest, TooManyOpenCalls) {
  LoopbackServer::Options options;
  options.pipeline.admission.max_open_calls = 2;
  LoopbackServer server(options);
  const auto open_calls = [&] { return server.pipeline().Gauges().open_calls; };
  {
    RawCall stream(server.Connect(), kClassifyStream), unary(server.Connect(), kModelInfer);
    AwaitCondition([&] { return open_calls() == 2; });
    for (const char* method : {kClassify, kModelInfer, kClassifyStream}) {
      RawCall call(server.Connect(), method);
      EXPECT_THAT(call.Finish(),
                  IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("2 calls are open")));
      EXPECT_EQ(call.context().GetServerTrailingMetadata().count(kPushback), 1u) << method;
    }
    EXPECT_EQ(open_calls(), 2);
    EXPECT_EQ(server.metrics().Rejected(RejectReason::kOverloaded), 3);
  }
  AwaitCondition([&] { return open_calls() == 0; });
  EXPECT_THAT(Classify(server.Connect(), Red()).status, IsGrpcOk());
}

// A server whose bytes are all reserved by a call that sends no message.
class NoBytesTest : public ::testing::Test {
 protected:
  LoopbackServer& Serve(absl::Duration room_timeout) {
    LoopbackServer::Options options;
    options.pipeline.admission.max_inflight_bytes = kReserved;
    options.services.room_timeout = room_timeout;
    server_ = std::make_unique<LoopbackServer>(options);
    holder_ = std::make_unique<RawCall>(server_->Connect(), kClassify);
    AwaitCondition([this] { return server_->pipeline().Gauges().inflight_bytes == kReserved; });
    return *server_;
  }
  // A call that waits for bytes; it has a place already.
  std::future<ClassifyResult> Wait(std::chrono::system_clock::time_point deadline = testing::HangDeadline()) {
    auto result = std::async(std::launch::async, [this, deadline] {
      return Classify(*v1::Classifier::NewStub(server_->Connect()), Red(), deadline);
    });
    AwaitCondition([this] { return server_->pipeline().Gauges().inflight_requests == 2; });
    return result;
  }
  void ExpectOnlyTheHolder() {
    AwaitCondition([this] { return server_->pipeline().Gauges().inflight_requests == 1; });
    EXPECT_EQ(server_->pipeline().Gauges().inflight_bytes, kReserved);
  }

  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<RawCall> holder_;
};

TEST_F(NoBytesTest, ACallWaitsForThem) {
  Serve(absl::Seconds(60));
  std::future<ClassifyResult> first = Wait();
  holder_->Cancel();
  EXPECT_THAT(first.get().status, IsGrpcOk());
  AwaitCondition([this] { return server_->pipeline().Gauges().inflight_bytes == 0; });
  EXPECT_EQ(server_->pipeline().Gauges().inflight_requests, 0);
}

TEST_F(NoBytesTest, ButNotForLong) {
  const LoopbackServer& server = Serve(absl::Milliseconds(100));
  for (const char* method : {kClassify, kModelInfer}) {
    RawCall call(server.Connect(), method);
    EXPECT_THAT(call.Finish(), IsError(StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", HasSubstr("bytes")));
    EXPECT_EQ(call.context().GetServerTrailingMetadata().count(kPushback), 1u);
  }
  ExpectOnlyTheHolder();
  EXPECT_EQ(server_->metrics().Rejected(RejectReason::kOverloaded), 2);
  EXPECT_EQ(server_->metrics().Refusals(), 0);  // at once
}

TEST_F(NoBytesTest, NorBeyondTheDeadline) {
  Serve(absl::Seconds(60));
  EXPECT_EQ(Wait(In(1000)).get().status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  ExpectOnlyTheHolder();
  AwaitCondition([this] {
    return server_->metrics().Requests(Method::kClassify, StatusCode::DEADLINE_EXCEEDED, "colours") == 1;
  });
  EXPECT_EQ(server_->metrics().DeadlinesExceeded(DeadlineBudget::kLong), 1);
}

TEST_F(NoBytesTest, WhoGoesLeavesTheLine) {
  Serve(absl::Seconds(60));
  RawCall call(server_->Connect(), kClassify);
  AwaitCondition([this] { return server_->pipeline().Gauges().inflight_requests == 2; });
  call.Cancel();
  ExpectOnlyTheHolder();
  AwaitCondition([this] { return server_->metrics().Cancelled(Stage::kParse) == 1; });
}

TEST_F(NoBytesTest, ADrainEndsTheWait) {
  Serve(absl::Seconds(60));
  std::future<ClassifyResult> waiting = Wait();
  server_->rpc().Drain();
  EXPECT_THAT(waiting.get().status, IsError(StatusCode::UNAVAILABLE, "DRAINING", _));
}

}  // namespace
}  // namespace edgenext::serving
