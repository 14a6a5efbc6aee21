#include <atomic>
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "server/pipeline/classify_pipeline.h"
#include "tests/server/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::FakeNetwork;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;

// From loading to the end of a drain.
class PipelineLifecycleTest : public PipelineTest {};

TEST_F(PipelineLifecycleTest, FindsNoModelBeforeItIsServed) {
  MakePipeline();
  const absl::Status status = pipeline_->FindModel("", "").status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(GetReason(status), kReasonModelNotReady);
  EXPECT_EQ(pipeline_->Stop(kNever), 0);
}

TEST_F(PipelineLifecycleTest, FindsTheModelByNameAndVersion) {
  Serve();
  for (const char* name : {"", "fake"}) {
    for (const char* version : {"", "3"}) {
      const auto model = pipeline_->FindModel(name, version);
      ASSERT_THAT(model, IsOk());
      EXPECT_EQ((*model)->name, "fake");
    }
  }
  const absl::Status name = pipeline_->FindModel("other", "").status();
  EXPECT_THAT(name, StatusIs(absl::StatusCode::kNotFound, HasSubstr("'other'")));
  EXPECT_EQ(GetReason(name), kReasonModelNotFound);
  EXPECT_THAT(pipeline_->FindModel("fake", "4"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("version '4'")));
}

TEST_F(PipelineLifecycleTest, WarmsEveryWorkerUp) {
  options_.workers = 3;
  network_.SetOnExecute([] {});  // none moves the clock of another
  Serve();
  EXPECT_EQ(network_.executions(), 3 * (1 + 3));
}

TEST_F(PipelineLifecycleTest, AnExecutorThatCannotBeMadeEndsServe) {
  options_.workers = 2;
  MakePipeline();
  EXPECT_THAT(pipeline_->Serve(MakeModel([]() -> absl::StatusOr<std::unique_ptr<Executor>> {
    return absl::ResourceExhaustedError("no memory for the arena");
  })),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("arena")));
  EXPECT_THAT(pipeline_->FindModel("", ""), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PipelineLifecycleTest, AnExecutorOfAnotherShapeEndsServe) {
  FakeNetwork other(kSide, 2 * kSide, kClasses);
  MakePipeline();
  EXPECT_THAT(pipeline_->Serve(MakeModel(other.factory())),
              StatusIs(absl::StatusCode::kInternal,
                       HasSubstr("reads 8x16 pixels for 5 classes, expected 8x8 and 5")));
}

// Executors that fail on the black images of the warm-up.
class BrokenExecutor final : public Executor {
 public:
  explicit BrokenExecutor(float logit) : logit_(logit) {}
  absl::Status Execute(absl::Span<const NetworkInput>, absl::Span<float> logits, ThreadTeam&) override {
    logits[0] = logit_;
    return absl::OkStatus();
  }
  int height() const override { return 8; }
  int width() const override { return 8; }
  int classes() const override { return 5; }

 private:
  const float logit_;
};

TEST_F(PipelineLifecycleTest, AModelWhoseLogitsAreNotFiniteIsNotServed) {
  MakePipeline();
  EXPECT_THAT(pipeline_->Serve(MakeModel([]() -> absl::StatusOr<std::unique_ptr<Executor>> {
    return std::make_unique<BrokenExecutor>(std::numeric_limits<float>::infinity());
  })),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("not finite")));
}

TEST_F(PipelineLifecycleTest, AModelWithoutKernelsIsNotServed) {
  MakePipeline();
  std::shared_ptr<ServedModel> model = MakeModel(network_.factory());
  model->kernels = nullptr;
  EXPECT_THAT(pipeline_->Serve(model), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'fake'")));
}

TEST_F(PipelineLifecycleTest, ServesOnce) {
  Serve();
  EXPECT_THAT(pipeline_->Serve(MakeModel(network_.factory())),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Classify(RgbPixels{Image({1})}).get(), IsOk());
}

TEST_F(PipelineLifecycleTest, StopFinishesWhatWasScheduled) {
  ServeAndHold();
  std::vector<Result> results;
  for (uint8_t i = 0; i < 20; ++i) results.push_back(Classify(RgbPixels{Image({i})}));
  std::thread stop([&] { EXPECT_EQ(pipeline_->Stop(kNever), 0); });
  clock_.AwaitWaiters(1, kNever);
  network_.gate().Open();
  stop.join();
  EXPECT_THAT(held_.get(), IsOk());
  for (Result& result : results) EXPECT_THAT(result.get(), IsOk());
  EXPECT_THAT(pipeline_->admission().Admit({}), StatusIs(absl::StatusCode::kUnavailable));
}

// A call that was admitted, and whose message is still being read, is finished as well.
TEST_F(PipelineLifecycleTest, StopWaitsForWhatWasAdmitted) {
  Serve();
  absl::StatusOr<Admission> admission = pipeline_->admission().Admit({});
  ASSERT_THAT(admission, IsOk());
  const MonotonicTime deadline = clock_.Now() + absl::Hours(1);
  std::thread stop([&] { EXPECT_EQ(pipeline_->Stop(deadline), 0); });
  clock_.AwaitWaiters(1, deadline);
  EXPECT_THAT(Schedule(RgbPixels{Image({1})}, *std::move(admission)).get(), IsOk());
  stop.join();
}

TEST_F(PipelineLifecycleTest, StopCutsOffAtItsDeadline) {
  ServeAndHold();
  std::vector<Result> results;
  for (const uint8_t value : {uint8_t{1}, uint8_t{2}}) results.push_back(Classify(RgbPixels{Image({value})}));
  ExpectStopCutsOff(std::move(results));
}

TEST_F(PipelineLifecycleTest, AnAdmissionThatIsNeverUsedHoldsStopUntilItsDeadlineOnly) {
  Serve();
  absl::StatusOr<Admission> unused = pipeline_->admission().Admit({});
  const MonotonicTime deadline = clock_.Now() + absl::Seconds(20);
  std::thread stop([&] { EXPECT_EQ(pipeline_->Stop(deadline), 0); });
  clock_.AwaitWaiters(1, deadline);
  clock_.SetTime(deadline);
  stop.join();
  EXPECT_THAT(Schedule(RgbPixels{Image({1})}, *std::move(unused)).get(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PipelineLifecycleTest, StopAdmittingRefusesNewCallsAndServesOn) {
  ServeAndHold();
  Result waiting = Classify(RgbPixels{Image({1})});
  pipeline_->StopAdmitting();
  EXPECT_THAT(pipeline_->admission().Admit({}), StatusIs(absl::StatusCode::kUnavailable));
  network_.gate().Open();
  EXPECT_THAT(waiting.get(), IsOk());
}

TEST_F(PipelineLifecycleTest, StopDuringServeEndsBoth) {
  MakePipeline();
  network_.gate().Close();
  absl::Status served;
  std::thread serve([&] { served = pipeline_->Serve(MakeModel(network_.factory())); });
  network_.gate().AwaitArrivals(1);
  std::thread stop([&] { EXPECT_EQ(pipeline_->Stop(kNever), 0); });
  clock_.AwaitWaiters(1, kNever);
  network_.gate().Open();
  serve.join();
  stop.join();
  EXPECT_THAT(served, IsOk());
  EXPECT_THAT(pipeline_->admission().Admit({}), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PipelineLifecycleTest, DestroyedInTheMiddleOfWorkItAnswersEverything) {
  ServeAndHold();
  Result waiting = Classify(RgbPixels{Image({1})});
  std::thread destroyer([&] { pipeline_ = nullptr; });
  EXPECT_THAT(waiting.get(), StatusIs(absl::StatusCode::kUnavailable));
  network_.gate().Open();
  destroyer.join();
  EXPECT_THAT(held_.get(), IsOk());
}

// On the real clock: several workers and clients, files and pixels, cancellations and a drain among them.
// `done` is called once for each image that was admitted.
TEST_F(PipelineLifecycleTest, EveryAdmittedImageIsAnsweredExactlyOnce) {
  constexpr int kClients = 3;
  constexpr int kImagesOfClient = 300;
  FakeNetwork network(kSide, kSide, kClasses);
  options_.clock = &Clock::Real();
  options_.workers = 2;
  options_.max_batch_size = 4;
  options_.batch_timeout = absl::Microseconds(30);
  options_.admission.queue_capacity = 16;
  MakePipeline();
  ASSERT_THAT(pipeline_->Serve(MakeModel(network.factory())), IsOk());
  const absl::Span<const uint8_t> image = Image({3});

  std::atomic<int> admitted{0};
  std::atomic<int> answered{0};
  testing::Gate half_way;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < kImagesOfClient; ++i) {
        if (i == kImagesOfClient / 2) half_way.Pass();
        absl::StatusOr<Admission> admission = pipeline_->admission().Admit({});
        if (!admission.ok()) continue;
        ++admitted;
        ImageRequest request;
        request.image = i % 3 == 0 ? ImageInput(EncodedImage{"no image"}) : ImageInput(RgbPixels{image});
        request.cancellation = std::make_shared<Cancellation>();
        if (i % 5 != 0) request.attributes.deadline = Clock::Real().Now() + absl::Microseconds(100 * (i % 7));
        request.done = [&](absl::StatusOr<ImageResult>) { ++answered; };
        const std::shared_ptr<Cancellation> cancellation = request.cancellation;
        pipeline_->Schedule(std::move(request), *std::move(admission));
        if (i % 4 == 0) cancellation->Cancel();
      }
    });
  }
  half_way.AwaitArrivals(kClients);
  pipeline_->Stop(Clock::Real().Now() + absl::Seconds(30));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, admitted);
  EXPECT_GT(admitted, 0);
  EXPECT_EQ(pipeline_->Gauges().inflight_requests, 0);
  EXPECT_EQ(pipeline_->Gauges().inflight_bytes, 0);
}

}  // namespace
}  // namespace edgenext::serving
