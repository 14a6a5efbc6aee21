#include "client/load/load_run.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/base/server_address.h"
#include "gmock/gmock.h"
#include "tests/client/scripted_classifier.h"
#include "tests/testing/gate.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::AnswerAll;
using ::edgenext::testing::CallStatus;
using ::edgenext::testing::ErrorOf;
using ::edgenext::testing::Gate;
using ::edgenext::testing::ScriptedClassifier;
using ::edgenext::testing::TempDir;
using ::edgenext::testing::WithRetryInfo;
using ::testing::Each;
using ::testing::Field;
using v1::ClassifyRequest;
using v1::ClassifyResponse;

// A run of Classify against a scripted server, with two images "first" and "second".
class LoadRunTest : public ::testing::Test {
 protected:
  LoadRunTest() : server_({AnswerAll}) {
    options_.deadlines = {{absl::Minutes(10), 1}};
    for (const char* image : {"first", "second"}) {
      options_.inputs.push_back(dir_.File(image));
      std::ofstream(options_.inputs.back()) << image;
    }
  }

  ~LoadRunTest() override { gate_.Open(); }

  // Holds every call at the gate.
  void HoldCalls() {
    gate_.Close();
    server_.set_unary([this](grpc::ServerContext&, const ClassifyRequest&, ClassifyResponse*) {
      gate_.Pass();
      return grpc::Status::OK;
    });
  }

  LoadRun& Start(SteadyTime start = SteadyNow()) {
    auto payloads = Payloads::Make(options_);
    EXPECT_TRUE(payloads.ok()) << payloads.status();
    payloads_ = std::make_unique<Payloads>(*std::move(payloads));
    run_ = std::make_unique<LoadRun>(
        std::move(run_options_),
        std::vector<std::shared_ptr<grpc::Channel>>{OpenChannelOfItsOwn(server_.target()),
                                                    OpenChannelOfItsOwn(server_.target())},
        *payloads_, RequestMix(options_, payloads_->size()), sender_, recorder_);
    run_->Start(start);
    return *run_;
  }

  // Waits for the end by itself, without being told to stop.
  const std::deque<Sample>& Finish() {
    while (!run_->is_over()) absl::SleepFor(absl::Milliseconds(1));
    run_.reset();
    return recorder_.samples();
  }

  const std::deque<Sample>& RunAll(SteadyTime start = SteadyNow()) {
    Start(start);
    return Finish();
  }

  const Outcome& OutcomeOf(const Sample& sample) const { return recorder_.outcomes()[sample.outcome]; }

  const TempDir dir_;
  Gate gate_;
  ScriptedClassifier server_;
  LoadOptions options_;
  LoadRun::Options run_options_;
  SenderThread sender_;
  Recorder recorder_;
  std::unique_ptr<Payloads> payloads_;
  std::unique_ptr<LoadRun> run_;
};

TEST_F(LoadRunTest, EveryArrivalIsSentOnceAndRecordedOnce) {
  run_options_.arrivals = ConstantArrivals(2000, absl::Milliseconds(25));
  const auto& samples = RunAll();
  ASSERT_EQ(samples.size(), 50U);
  EXPECT_EQ(server_.unary_calls(), 50);
  EXPECT_EQ(server_.times_read("first"), 25);
  EXPECT_EQ(server_.times_read("second"), 25);
  std::vector<uint32_t> intended;
  for (const Sample& sample : samples) {
    EXPECT_EQ(sample.fate, Fate::kGood);
    EXPECT_EQ(sample.attempts, 1);
    EXPECT_GE(sample.latency, sample.send_lag);
    intended.push_back(sample.intended);
  }
  std::sort(intended.begin(), intended.end());
  for (uint32_t i = 0; i < 50; ++i) EXPECT_EQ(intended[i], 500 * i);
}

TEST_F(LoadRunTest, SendingGoesOnHoweverManyAreUnderWay) {
  HoldCalls();
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(20));
  Start();
  gate_.AwaitArrivals(20);
  EXPECT_EQ(run_->in_flight(), 20);
  gate_.Open();
  EXPECT_EQ(Finish().size(), 20U);
}

TEST_F(LoadRunTest, LatencyCountsFromTheIntendedTime) {
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(5));
  for (const Sample& sample : RunAll(SteadyNow() - absl::Seconds(3))) {
    EXPECT_GE(sample.send_lag, 2'995'000U);
    EXPECT_GE(sample.latency, sample.send_lag);
  }
  EXPECT_EQ(recorder_.samples().size(), 5U);
}

TEST_F(LoadRunTest, AClosedLoopKeepsSoManyUnderWay) {
  HoldCalls();
  run_options_.concurrency = 3;
  run_options_.length = absl::Hours(1);
  LoadRun& run = Start();
  gate_.AwaitArrivals(3);
  gate_.Let(5);
  gate_.AwaitArrivals(8);
  EXPECT_EQ(run.in_flight(), 3);
  EXPECT_EQ(run.most_in_flight(), 3);
  run.Stop();
  gate_.Open();
  EXPECT_EQ(Finish().size(), 8U);
}

TEST_F(LoadRunTest, WhatIsAskedForIsSent) {
  options_.bulk_share = 1;
  options_.model = "m";
  run_options_.headers = {{"tenant", "blue"}};
  std::mutex mu;
  std::vector<std::string> seen;
  server_.set_unary([&](grpc::ServerContext& context, const ClassifyRequest& request, ClassifyResponse*) {
    const auto tenant = context.client_metadata().find("tenant");
    const absl::Duration left = absl::FromChrono(context.deadline() - std::chrono::system_clock::now());
    const std::lock_guard<std::mutex> lock(mu);
    seen.push_back(absl::StrCat(v1::Priority_Name(request.priority()), " ", request.model(), " ",
                                tenant == context.client_metadata().end()
                                    ? ""
                                    : std::string(tenant->second.data(), tenant->second.size()),
                                left > absl::Minutes(8) && left < absl::Minutes(11) ? " in time" : ""));
    return grpc::Status::OK;
  });
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(3));
  RunAll();
  EXPECT_EQ(seen, std::vector<std::string>(3, "BULK m blue in time"));
}

TEST_F(LoadRunTest, ARequestThatIsNotAnsweredByItsDeadlineExpires) {
  HoldCalls();
  options_.deadlines = {{absl::Milliseconds(20), 1}};
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(2));
  const auto& samples = RunAll();
  ASSERT_EQ(samples.size(), 2U);
  for (const Sample& sample : samples) {
    EXPECT_EQ(sample.fate, Fate::kExpired);
    EXPECT_EQ(OutcomeOf(sample).code, "DEADLINE_EXCEEDED");
    EXPECT_GE(sample.latency, 19'000U);
  }
}

TEST_F(LoadRunTest, ThoseThatAreToBeCancelledAreCancelled) {
  HoldCalls();
  options_.cancel_after = absl::Milliseconds(5);
  run_options_.cancel_after = options_.cancel_after;
  run_options_.attempts = 5;
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(3));
  const auto& samples = RunAll();
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_THAT(samples, Each(Field(&Sample::fate, Fate::kCancelled)));
  EXPECT_THAT(samples, Each(Field(&Sample::attempts, 1)));
}

TEST_F(LoadRunTest, ThoseAnsweredBeforeTheirCancellationAreGood) {
  options_.cancel_after = absl::Minutes(5);
  run_options_.cancel_after = options_.cancel_after;
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(3));
  EXPECT_THAT(RunAll(), Each(Field(&Sample::fate, Fate::kGood)));
  EXPECT_EQ(recorder_.samples().size(), 3U);
}

TEST_F(LoadRunTest, MoreThanTheMostUnderWayAreNotSent) {
  HoldCalls();
  run_options_.most_in_flight = 2;
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(5));
  Start();
  gate_.AwaitArrivals(2);
  // The three that are not sent are recorded while the calls are held.
  for (size_t recorded = 0; recorded < 3; recorded += recorder_.TakeRecent().size()) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  gate_.Open();
  std::map<Fate, int> fates;
  for (const Sample& sample : Finish()) ++fates[sample.fate];
  EXPECT_EQ(fates, (std::map<Fate, int>{{Fate::kGood, 2}, {Fate::kNotSent, 3}}));
  EXPECT_EQ(server_.unary_calls(), 2);
}

TEST_F(LoadRunTest, AServerThatIsNotThereRefuses) {
  server_.Stop();
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(3));
  for (const Sample& sample : RunAll()) {
    EXPECT_EQ(sample.fate, Fate::kRefused);
    EXPECT_EQ(OutcomeOf(sample).code, "UNAVAILABLE");
  }
  EXPECT_EQ(recorder_.samples().size(), 3U);
}

TEST_F(LoadRunTest, StoppingEndsAnOpenLoop) {
  run_options_.arrivals = ConstantArrivals(0.001, absl::Hours(1));
  LoadRun& run = Start();
  run.Stop();
  EXPECT_LE(Finish().size(), 1U);
}

TEST_F(LoadRunTest, ProbesMeasureTheReceiver) {
  HoldCalls();
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(1));
  const SteadyTime start = SteadyNow();
  LoadRun& run = Start(start);
  gate_.AwaitArrivals(1);
  run.Probe();
  gate_.Open();
  while (!run.is_over()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(run.ReceiveLags(start).size(), 1U);
  EXPECT_EQ(run.ReceiveLags(SteadyNow()).size(), 0U);
  run.Probe();  // too late to measure anything, and not an error
}

// Refuses the first `times` calls of each image.
class RetryTest : public LoadRunTest {
 protected:
  void RefuseFirst(int times, const google::rpc::Status& error, const std::string& pushback = "") {
    server_.set_unary([=](grpc::ServerContext& context, const ClassifyRequest& request, ClassifyResponse*) {
      if (server_.times_read(request.image()) > times) return grpc::Status::OK;
      if (!pushback.empty()) context.AddTrailingMetadata("grpc-retry-pushback-ms", pushback);
      return CallStatus(error);
    });
    run_options_.attempts = 5;
    run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(2));  // one of each image
  }

  void ExpectAll(Fate fate, int attempts) {
    const auto& samples = RunAll();
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_THAT(samples, Each(Field(&Sample::fate, fate)));
    EXPECT_THAT(samples, Each(Field(&Sample::attempts, attempts)));
    EXPECT_EQ(server_.unary_calls(), 2 * attempts);
  }

  const google::rpc::Status overloaded_ = ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", "OVERLOADED");
};

TEST_F(RetryTest, WaitsForRetryInfo) {
  RefuseFirst(1, WithRetryInfo(overloaded_, 30));
  ExpectAll(Fate::kGood, 2);
  EXPECT_THAT(recorder_.samples(), Each(Field(&Sample::latency, ::testing::Ge(30'000U))));
}

TEST_F(RetryTest, WaitsForThePushback) {
  RefuseFirst(2, overloaded_, "20");
  ExpectAll(Fate::kGood, 3);
  EXPECT_THAT(recorder_.samples(), Each(Field(&Sample::latency, ::testing::Ge(40'000U))));
}

TEST_F(RetryTest, ANegativePushbackEndsIt) {
  RefuseFirst(1, WithRetryInfo(overloaded_, 1), "-1");
  ExpectAll(Fate::kRefused, 1);
  EXPECT_EQ(OutcomeOf(recorder_.samples().front()).reason, "OVERLOADED");
}

TEST_F(RetryTest, GivesUpAfterTheLastAttempt) {
  RefuseFirst(1000, WithRetryInfo(overloaded_, 1));
  ExpectAll(Fate::kRefused, 5);
}

TEST_F(RetryTest, DoesNotWaitPastTheDeadline) {
  RefuseFirst(1, overloaded_, "700000");  // of a deadline of 600 s
  ExpectAll(Fate::kRefused, 1);
}

TEST_F(RetryTest, OneAttemptIsTheDefault) {
  RefuseFirst(1, WithRetryInfo(overloaded_, 1));
  run_options_.attempts = LoadRun::Options().attempts;
  ExpectAll(Fate::kRefused, 1);
}

TEST_F(RetryTest, AClientThatIsToCancelCancelsItsLaterAttemptsToo) {
  gate_.Close();
  const google::rpc::Status error = WithRetryInfo(overloaded_, 1);
  server_.set_unary([this, error](grpc::ServerContext&, const ClassifyRequest& request, ClassifyResponse*) {
    if (server_.times_read(request.image()) > 1) gate_.Pass();
    return CallStatus(error);
  });
  options_.cancel_after = absl::Milliseconds(200);
  run_options_.cancel_after = options_.cancel_after;
  run_options_.attempts = 5;
  run_options_.arrivals = ConstantArrivals(1000, absl::Milliseconds(2));
  const auto& samples = RunAll();
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_THAT(samples, Each(Field(&Sample::fate, Fate::kCancelled)));
}

}  // namespace
}  // namespace edgenext
