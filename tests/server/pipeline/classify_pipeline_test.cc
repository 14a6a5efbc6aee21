#include "server/pipeline/classify_pipeline.h"

#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "tests/server/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::FakeNetwork;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// What comes of one image.
class ClassifyPipelineTest : public PipelineTest {};

TEST_F(ClassifyPipelineTest, PredictsFromRgbPixels) {
  Serve();
  // Logits 0, 2, 1, 2, 1.
  const absl::StatusOr<ImageResult> result =
      Classify(RgbPixels{Image({0, 32, 16, 32, 16})}, {}, nullptr, {3, false, false}).get();
  ASSERT_THAT(result, IsOk());
  ASSERT_THAT(result->predictions, SizeIs(3));
  EXPECT_EQ(result->predictions[0].index, 1);
  EXPECT_EQ(result->predictions[1].index, 3) << "equal logits by rising index";
  EXPECT_EQ(result->predictions[2].index, 2);
  EXPECT_EQ(result->predictions[0].logit, 2.0f);
  const double sum = 1 + 2 * std::exp(2.0) + 2 * std::exp(1.0);
  EXPECT_NEAR(result->predictions[0].probability, std::exp(2.0) / sum, 1e-6);
  EXPECT_NEAR(result->predictions[2].probability, std::exp(1.0) / sum, 1e-6);
  EXPECT_THAT(result->logits, IsEmpty());
  EXPECT_THAT(result->probabilities, IsEmpty());
}

TEST_F(ClassifyPipelineTest, GivesTheOutputsThatAreWanted) {
  Serve();
  const absl::StatusOr<ImageResult> result =
      Classify(NormalisedPixels{NormalisedImage({-1, 0, 0, 0, 2})}, {}, nullptr, {0, true, true}).get();
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->predictions, IsEmpty());
  EXPECT_THAT(result->logits, ElementsAre(-1, 0, 0, 0, 2));
  ASSERT_THAT(result->probabilities, SizeIs(kClasses));
  EXPECT_NEAR(result->probabilities[4], std::exp(2.0) / (std::exp(-1.0) + 3 + std::exp(2.0)), 1e-6);
}

TEST_F(ClassifyPipelineTest, TopKIsClampedToTheClasses) {
  Serve();
  const absl::StatusOr<ImageResult> result =
      Classify(RgbPixels{Image({1})}, {}, nullptr, {1000, false, false}).get();
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->predictions, SizeIs(kClasses));
}

TEST_F(ClassifyPipelineTest, DecodesAndPreprocessesFiles) {
  Serve();
  const std::string file = SolidBmp(50, 30, 16, 64, 32);
  const absl::StatusOr<ImageResult> result =
      Classify(EncodedImage{file}, {}, nullptr, {0, true, false}).get();
  ASSERT_THAT(result, IsOk());
  // Red, green, blue of the first pixel, red and green of the second.
  EXPECT_THAT(result->logits, ElementsAre(1, 4, 2, 1, 4));
}

TEST_F(ClassifyPipelineTest, ABadFileIsTheClientsFaultAndNobodyElses) {
  ServeAndHold();
  Result garbage = Classify(EncodedImage{"this is no image"});
  const std::string whole = SolidBmp(50, 30, 1, 2, 3);
  const std::string half = whole.substr(0, whole.size() / 2);
  Result cut = Classify(EncodedImage{half});
  Result good = Classify(EncodedImage{whole});
  network_.gate().Open();
  const absl::Status garbage_status = garbage.get().status();
  EXPECT_THAT(garbage_status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(GetReason(garbage_status), kReasonImageUnsupported);
  const absl::Status cut_status = cut.get().status();
  EXPECT_THAT(cut_status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(GetReason(cut_status), kReasonImageCorrupt);
  EXPECT_THAT(good.get(), IsOk());
  EXPECT_EQ(metrics_.Stages(Stage::kDecode), 3);
  EXPECT_EQ(metrics_.Stages(Stage::kPreprocess), 1);
}

TEST_F(ClassifyPipelineTest, ImageLimitsHold) {
  options_.image_limits.max_side = 49;
  Serve();
  const std::string file = SolidBmp(50, 30, 1, 2, 3);
  const absl::Status status = Classify(EncodedImage{file}).get().status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(GetReason(status), kReasonImageTooLarge);
}

TEST_F(ClassifyPipelineTest, PixelsOfTheWrongSizeAreRefused) {
  Serve();
  const absl::Span<const uint8_t> image = Image({});
  const absl::Status rgb = Classify(RgbPixels{image.subspan(1)}).get().status();
  EXPECT_THAT(rgb, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("191 values, expected 192")));
  EXPECT_EQ(GetReason(rgb), kReasonBadTensor);
  EXPECT_THAT(Classify(NormalisedPixels{}).get(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(network_.executions(), warm_ups_);
}

TEST_F(ClassifyPipelineTest, AFaultOfTheExecutorEndsExactlyItsOwnImage) {
  options_.max_batch_size = 8;
  ServeAndHold();
  Result before = Classify(RgbPixels{Image({1})});
  Result faulty = Classify(RgbPixels{Image({FakeNetwork::kFaultyByte})});
  Result after = Classify(RgbPixels{Image({2})});
  network_.gate().Open();
  EXPECT_THAT(before.get(), IsOk());
  const absl::Status status = faulty.get().status();
  // Whole, for the log: who answers the call tells the client no more than that it failed.
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, HasSubstr("secret detail of a fault")));
  EXPECT_EQ(GetReason(status), kReasonExecutionFailed);
  EXPECT_THAT(after.get(), IsOk());
}

TEST_F(ClassifyPipelineTest, ALogitThatIsNotFiniteIsAFault) {
  Serve();
  const absl::Status status = Classify(RgbPixels{Image({FakeNetwork::kNanByte})}).get().status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(GetReason(status), kReasonExecutionFailed);
}

TEST_F(ClassifyPipelineTest, ALogitThatIsNotFiniteIsTheClientsFaultIfItsPixelsAreAbsurd) {
  Serve();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    const absl::Status status = Classify(NormalisedPixels{NormalisedImage({0, value})}).get().status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << value;
    EXPECT_EQ(GetReason(status), kReasonBadTensor);
  }
}

TEST_F(ClassifyPipelineTest, TellsWhereTheTimeWent) {
  ServeAndHold();
  Result result = Classify(RgbPixels{Image({2})});
  clock_.Advance(absl::Milliseconds(7));
  network_.gate().Open();
  const absl::StatusOr<ImageResult> image = result.get();
  ASSERT_THAT(image, IsOk());
  // It waits for 7 ms and for the execution before its own.
  EXPECT_EQ(image->timings.queue, absl::Milliseconds(7) + kExecution);
  EXPECT_EQ(image->timings.execute, kExecution);
  EXPECT_EQ(image->timings.decode, absl::ZeroDuration());
  EXPECT_EQ(image->timings.batch_size, 1);
  EXPECT_EQ(metrics_.Stages(Stage::kQueue), 2);
  EXPECT_EQ(metrics_.Stages(Stage::kExecute), 2);
  EXPECT_EQ(metrics_.Stages(Stage::kPostprocess), 2);
  EXPECT_EQ(metrics_.Inferences(), 2);
  EXPECT_EQ(metrics_.Batches(BatchTrigger::kFull), 2);
}

TEST_F(ClassifyPipelineTest, ADeadlineThatPassesInTheQueueEndsTheImageUnrun) {
  ServeAndHold();
  Result short_budget = Classify(RgbPixels{Image({2})}, Deadline(absl::Milliseconds(99)));
  Result long_budget = Classify(RgbPixels{Image({2})}, Deadline(absl::Milliseconds(100)));
  Result patient = Classify(RgbPixels{Image({2})}, Deadline(absl::Seconds(100)));
  clock_.Advance(absl::Milliseconds(100));
  network_.gate().Open();
  const absl::Status status = short_budget.get().status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(GetReason(status), kReasonDeadline);
  EXPECT_THAT(long_budget.get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(patient.get(), IsOk());
  EXPECT_EQ(network_.executions(), warm_ups_ + 2) << "the held one and the patient one";
  EXPECT_EQ(metrics_.DeadlinesExceeded(DeadlineBudget::kShort), 1);
  EXPECT_EQ(metrics_.DeadlinesExceeded(DeadlineBudget::kLong), 1);
}

TEST_F(ClassifyPipelineTest, ADeadlineThatPassesDuringExecutionIsNotMet) {
  Serve();
  EXPECT_THAT(Classify(RgbPixels{Image({2})}, Deadline(kExecution)).get(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(Classify(RgbPixels{Image({2})}, Deadline(kExecution + absl::Nanoseconds(1))).get(), IsOk());
}

TEST_F(ClassifyPipelineTest, CancelledImagesAreCountedWhereTheyEnded) {
  ServeAndHold();
  const auto in_queue = std::make_shared<Cancellation>();
  const auto running = std::make_shared<Cancellation>();
  Result first = Classify(RgbPixels{Image({2})}, {}, running);
  Result second = Classify(RgbPixels{Image({2})}, {}, in_queue);
  Result third = Classify(RgbPixels{Image({2})}, {}, in_queue);
  network_.gate().Let(1);
  network_.gate().AwaitArrivals(warm_ups_ + 2);  // `first` is running
  in_queue->Cancel();
  running->Cancel();
  network_.gate().Open();
  EXPECT_THAT(first.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(second.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(third.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(metrics_.Cancelled(Stage::kExecute), 1);
  EXPECT_EQ(metrics_.Cancelled(Stage::kQueue), 2);
  EXPECT_EQ(network_.executions(), warm_ups_ + 2);
}

TEST_F(ClassifyPipelineTest, PlacesAreHeldUntilTakenAndBytesUntilAnswered) {
  ServeAndHold();
  EXPECT_EQ(pipeline_->admission().usage().images, 0) << "a worker has begun with the only image";
  EXPECT_EQ(pipeline_->admission().usage().bytes, 100);
  Result waiting = Classify(RgbPixels{Image({2})});
  EXPECT_EQ(pipeline_->admission().usage().images, 1);
  EXPECT_EQ(pipeline_->admission().usage().bytes, 200);
  const PipelineGauges gauges = pipeline_->Gauges();
  EXPECT_EQ(gauges.queue_depth, 1);
  EXPECT_EQ(gauges.inflight_requests, 1);
  EXPECT_EQ(gauges.inflight_requests_limit, options_.admission.queue_capacity);
  EXPECT_EQ(gauges.inflight_bytes, 200);
  network_.gate().Open();
  EXPECT_THAT(waiting.get(), IsOk());
  EXPECT_TRUE(pipeline_->admission().AwaitIdle(kNever));
  EXPECT_EQ(pipeline_->Stop(kNever), 0);
  EXPECT_EQ(pipeline_->Gauges().queue_depth, 0);
  EXPECT_EQ(pipeline_->Gauges().inflight_requests, 0);
  EXPECT_EQ(pipeline_->Gauges().inflight_bytes, 0);
  EXPECT_EQ(pipeline_->Gauges().worker_busy, 2 * kExecution);
}

TEST_F(ClassifyPipelineTest, OldestAgeOfTheQueueIsMeasured) {
  ServeAndHold();
  Result waiting = Classify(RgbPixels{Image({2})});
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(pipeline_->Gauges().queue_oldest_age, absl::Seconds(4));
  EXPECT_EQ(pipeline_->Gauges().worker_busy, absl::Seconds(4));
}

TEST_F(ClassifyPipelineTest, OverloadIsRefusedWithTheTimeInWhichTheQueueDrains) {
  options_.admission.queue_capacity = 2;
  ServeAndHold();
  Result first = Classify(RgbPixels{Image({2})});
  Result second = Classify(RgbPixels{Image({2})});
  const absl::Status status = pipeline_->admission().Admit({}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(GetReason(status), kReasonOverloaded);
  EXPECT_EQ(GetRetryDelay(status), 3 * kExecution);
}

TEST_F(ClassifyPipelineTest, OfferedWorkCountsWhatIsServedAndWhatIsRefused) {
  options_.admission.queue_capacity = 2;
  ServeAndHold();
  EXPECT_EQ(metrics_.OfferedWork(), kExecution);
  Result waiting = Classify(RgbPixels{Image({2})});
  EXPECT_EQ(metrics_.OfferedWork(), 2 * kExecution);
  AdmissionRequest two_images;
  two_images.images = 2;
  EXPECT_THAT(pipeline_->admission().Admit(two_images), Not(IsOk()));
  EXPECT_EQ(metrics_.OfferedWork(), 4 * kExecution);
}

TEST_F(ClassifyPipelineTest, BatchesFillUpToTheTimeout) {
  options_.max_batch_size = 3;
  options_.batch_timeout = absl::Milliseconds(50);
  Serve();
  const MonotonicTime leaves_at = clock_.Now() + absl::Milliseconds(50);
  Result first = Classify(RgbPixels{Image({1})});
  Result second = Classify(RgbPixels{Image({2})});
  clock_.AwaitWaiters(1, leaves_at);
  clock_.SetTime(leaves_at);
  const absl::StatusOr<ImageResult> result = first.get();
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->timings.batch_size, 2);
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_EQ(metrics_.Batches(BatchTrigger::kTimeout), 1);
}

TEST_F(ClassifyPipelineTest, ACallbackMayScheduleTheNextImage) {
  Serve();
  std::promise<absl::Status> last;
  const absl::Span<const uint8_t> image = Image({1});
  std::function<void(int)> schedule = [&](int left) {
    ImageRequest request;
    request.image = RgbPixels{image};
    request.done = [&, left](absl::StatusOr<ImageResult> result) {
      if (result.ok() && left > 1) {
        schedule(left - 1);
      } else {
        last.set_value(result.status());
      }
    };
    pipeline_->Schedule(std::move(request), *pipeline_->admission().Admit({}));
  };
  schedule(20);
  EXPECT_THAT(last.get_future().get(), IsOk());
}

}  // namespace
}  // namespace edgenext::serving
