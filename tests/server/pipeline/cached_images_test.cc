#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "server/pipeline/classify_pipeline.h"
#include "server/pipeline/result_cache.h"
#include "tests/server/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::FakeNetwork;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Files that are asked for more than once.
class CachedImagesTest : public PipelineTest {
 protected:
  CachedImagesTest() { options_.cache_bytes = size_t{1} << 20; }

  static bool IsReady(const Result& result) {
    return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // Without those of the warm-up and of `held_`.
  int Executions() const { return network_.executions() - warm_ups_ - (held_.valid() ? 1 : 0); }

  static TaskAttributes Bulk() {
    TaskAttributes attributes;
    attributes.task_class = TaskClass::kBulk;
    return attributes;
  }

  const std::string file_ = SolidBmp(10, 10, 16, 64, 32);  // logits 1, 4, 2, 1, 4
};

TEST_F(CachedImagesTest, WithoutACacheEveryImageRuns) {
  options_.cache_bytes = 0;
  Serve();
  EXPECT_THAT(Classify(EncodedImage{file_}).get(), IsOk());
  EXPECT_THAT(Classify(EncodedImage{file_}).get(), IsOk());
  EXPECT_EQ(Executions(), 2);
  EXPECT_EQ(pipeline_->Gauges().cache_hits, 0);
  EXPECT_EQ(pipeline_->Gauges().cache_misses, 0) << "nothing was even looked up";
}

TEST_F(CachedImagesTest, WhatIsKnownIsAnsweredWithoutRunning) {
  Serve();
  const absl::StatusOr<ImageResult> first =
      Classify(EncodedImage{file_}, {}, nullptr, {2, false, true}).get();
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(first->logits, IsEmpty());
  const absl::Duration offered = metrics_.OfferedWork();
  const std::string copy = file_;
  const absl::StatusOr<ImageResult> second = Classify(EncodedImage{copy}, {}, nullptr, {3, true, true}).get();
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(second->logits, ElementsAre(1, 4, 2, 1, 4));
  EXPECT_EQ(second->probabilities, first->probabilities) << "to the bit";
  ASSERT_THAT(second->predictions, SizeIs(3));
  EXPECT_EQ(second->predictions[0].index, 1);
  EXPECT_EQ(second->predictions[1].index, 4);
  EXPECT_EQ(second->predictions[2].index, 2);
  EXPECT_EQ(second->timings.queue, absl::ZeroDuration());
  EXPECT_EQ(second->timings.decode, absl::ZeroDuration());
  EXPECT_EQ(second->timings.execute, absl::ZeroDuration());
  EXPECT_EQ(second->timings.batch_size, 0);

  EXPECT_EQ(Executions(), 1);
  EXPECT_EQ(metrics_.Inferences(), 1);
  EXPECT_EQ(metrics_.Stages(Stage::kDecode), 1);
  EXPECT_EQ(metrics_.OfferedWork(), offered) << "there was no work";
  const PipelineGauges gauges = pipeline_->Gauges();
  EXPECT_EQ(gauges.cache_misses, 1);
  EXPECT_EQ(gauges.cache_hits, 1);
  EXPECT_EQ(gauges.cache_shared, 0);
  EXPECT_EQ(gauges.cache_entries, 1);
  EXPECT_EQ(gauges.cache_bytes, static_cast<int64_t>(ResultCache::BytesOf(second->logits)));
}

TEST_F(CachedImagesTest, AHitIsAnsweredAtOnceWhileAllWorkersAreBusy) {
  Serve();
  EXPECT_THAT(Classify(EncodedImage{file_}).get(), IsOk());
  network_.gate().Close();
  Result busy = Classify(RgbPixels{Image({1})});
  network_.gate().AwaitArrivals(warm_ups_ + 2);
  Result hit = Classify(EncodedImage{file_});
  ASSERT_TRUE(IsReady(hit));
  EXPECT_THAT(hit.get(), IsOk());
  EXPECT_EQ(pipeline_->admission().usage().images, 0);
  EXPECT_EQ(pipeline_->admission().usage().bytes, 100) << "of the busy one";
  network_.gate().Open();
  EXPECT_THAT(busy.get(), IsOk());
}

TEST_F(CachedImagesTest, AHitThatComesTooLateIsNotAnswered) {
  Serve();
  EXPECT_THAT(Classify(EncodedImage{file_}).get(), IsOk());
  AdmissionRequest room;
  absl::StatusOr<Admission> first = pipeline_->admission().Admit(room);
  absl::StatusOr<Admission> second = pipeline_->admission().Admit(room);
  const TaskAttributes passed = Deadline(absl::ZeroDuration());
  EXPECT_THAT(Schedule(EncodedImage{file_}, *std::move(first), passed).get(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  const auto cancelled = std::make_shared<Cancellation>();
  cancelled->Cancel();
  EXPECT_THAT(Schedule(EncodedImage{file_}, *std::move(second), {}, cancelled).get(),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(pipeline_->Gauges().cache_hits, 0);
}

TEST_F(CachedImagesTest, OtherFilesAndPixelsRun) {
  Serve();
  const std::string other = SolidBmp(10, 10, 16, 64, 33);
  EXPECT_THAT(Classify(EncodedImage{file_}).get(), IsOk());
  EXPECT_THAT(Classify(EncodedImage{other}).get(), IsOk());
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Classify(RgbPixels{Image({1})}).get(), IsOk());
  EXPECT_EQ(Executions(), 4);
  EXPECT_EQ(pipeline_->Gauges().cache_misses, 2) << "pixels are not looked up";
}

TEST_F(CachedImagesTest, KeepsWhatFits) {
  options_.cache_bytes = 2 * ResultCache::BytesOf(std::vector<float>(kClasses));
  Serve();
  const std::string files[] = {SolidBmp(9, 9, 1, 2, 3), SolidBmp(9, 9, 4, 5, 6), SolidBmp(9, 9, 7, 8, 9)};
  for (const std::string& file : files) EXPECT_THAT(Classify(EncodedImage{file}).get(), IsOk());
  EXPECT_EQ(pipeline_->Gauges().cache_entries, 2);
  EXPECT_THAT(Classify(EncodedImage{files[2]}).get(), IsOk());
  EXPECT_THAT(Classify(EncodedImage{files[1]}).get(), IsOk());
  EXPECT_EQ(Executions(), 3);
  EXPECT_THAT(Classify(EncodedImage{files[0]}).get(), IsOk());
  EXPECT_EQ(Executions(), 4) << "it had to leave";
}

TEST_F(CachedImagesTest, WhatIsAskedForManyTimesAtOnceRunsOnce) {
  ServeAndHold();
  Result leader = Classify(EncodedImage{file_}, {}, nullptr, {1, false, false});
  Result logits = Classify(EncodedImage{file_}, {}, nullptr, {0, true, false});
  Result probabilities = Classify(EncodedImage{file_}, Bulk(), nullptr, {2, false, true});
  EXPECT_EQ(pipeline_->Gauges().queue_depth, 1);
  EXPECT_EQ(pipeline_->admission().usage().images, 1) << "followers wait outside the queue";
  EXPECT_EQ(pipeline_->admission().usage().bytes, 400) << "with their bytes";
  network_.gate().Open();
  const absl::StatusOr<ImageResult> of_leader = leader.get(), of_logits = logits.get(),
                                    of_probabilities = probabilities.get();
  ASSERT_THAT(of_leader, IsOk());
  EXPECT_THAT(of_leader->predictions, SizeIs(1));
  EXPECT_THAT(of_leader->logits, IsEmpty());
  EXPECT_EQ(of_leader->timings.batch_size, 1);
  ASSERT_THAT(of_logits, IsOk());
  EXPECT_THAT(of_logits->predictions, IsEmpty());
  EXPECT_THAT(of_logits->logits, ElementsAre(1, 4, 2, 1, 4));
  EXPECT_EQ(of_logits->timings.batch_size, 0);
  EXPECT_EQ(of_logits->timings.queue, 2 * kExecution) << "of the held image and of the leader";
  EXPECT_EQ(of_logits->timings.execute, absl::ZeroDuration());
  ASSERT_THAT(of_probabilities, IsOk());
  EXPECT_THAT(of_probabilities->probabilities, SizeIs(kClasses));
  EXPECT_EQ(of_probabilities->predictions[0].probability, of_leader->predictions[0].probability);
  EXPECT_EQ(Executions(), 1);
  EXPECT_EQ(metrics_.OfferedWork(), 2 * kExecution) << "of the held image and of the leader";
  EXPECT_EQ(pipeline_->Gauges().cache_misses, 1);
  EXPECT_EQ(pipeline_->Gauges().cache_shared, 2);
}

TEST_F(CachedImagesTest, ACancelledLeaderHandsOverToItsOldestFollower) {
  ServeAndHold();
  const auto first_gone = std::make_shared<Cancellation>(), second_gone = std::make_shared<Cancellation>();
  Result leader = Classify(EncodedImage{file_}, {}, first_gone);
  Result gone = Classify(EncodedImage{file_}, {}, second_gone);
  Result oldest = Classify(EncodedImage{file_});
  Result youngest = Classify(EncodedImage{file_});
  first_gone->Cancel();
  second_gone->Cancel();
  network_.gate().Open();
  EXPECT_THAT(leader.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(gone.get(), StatusIs(absl::StatusCode::kCancelled));
  const absl::StatusOr<ImageResult> of_oldest = oldest.get(), of_youngest = youngest.get();
  ASSERT_THAT(of_oldest, IsOk());
  ASSERT_THAT(of_youngest, IsOk());
  EXPECT_EQ(of_oldest->timings.batch_size, 1) << "it ran";
  EXPECT_EQ(of_youngest->timings.batch_size, 0) << "it followed";
  EXPECT_EQ(Executions(), 1);
  EXPECT_EQ(metrics_.Cancelled(Stage::kQueue), 2);
}

TEST_F(CachedImagesTest, ALeaderThatExpiresHandsOver) {
  ServeAndHold();
  Result leader = Classify(EncodedImage{file_}, Deadline(absl::Milliseconds(5)));
  Result follower = Classify(EncodedImage{file_}, Deadline(absl::Milliseconds(500)));
  clock_.Advance(absl::Milliseconds(5));
  network_.gate().Open();
  EXPECT_THAT(leader.get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(follower.get(), IsOk());
  EXPECT_EQ(Executions(), 1);
}

TEST_F(CachedImagesTest, AFollowerTakesOverPastAFullQueue) {
  options_.admission.queue_capacity = 1;
  Serve();
  network_.gate().Close();
  const auto gone = std::make_shared<Cancellation>();
  Result leader = Classify(EncodedImage{file_}, {}, gone);
  network_.gate().AwaitArrivals(warm_ups_ + 1);
  Result follower = Classify(EncodedImage{file_});
  Result other = Classify(RgbPixels{Image({1})});
  EXPECT_EQ(pipeline_->Gauges().queue_depth, 1) << "full";
  gone->Cancel();
  network_.gate().Open();
  EXPECT_THAT(leader.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(other.get(), IsOk());
  EXPECT_THAT(follower.get(), IsOk());
}

TEST_F(CachedImagesTest, AFollowerHasItsOwnDeadlineAndCancellation) {
  Serve();
  network_.gate().Close();
  const auto gone = std::make_shared<Cancellation>();
  Result leader = Classify(EncodedImage{file_});
  network_.gate().AwaitArrivals(warm_ups_ + 1);
  Result late = Classify(EncodedImage{file_}, Deadline(kExecution));
  Result in_time = Classify(EncodedImage{file_}, Deadline(kExecution + absl::Nanoseconds(1)));
  Result cancelled = Classify(EncodedImage{file_}, {}, gone);
  gone->Cancel();
  network_.gate().Open();
  EXPECT_THAT(leader.get(), IsOk());
  EXPECT_THAT(late.get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(in_time.get(), IsOk());
  EXPECT_THAT(cancelled.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(Executions(), 1);
  EXPECT_EQ(pipeline_->Gauges().cache_shared, 1);
  EXPECT_EQ(metrics_.DeadlinesExceeded(DeadlineBudget::kShort), 1);
}

TEST_F(CachedImagesTest, AnInteractiveImageDoesNotWaitForABulkOne) {
  ServeAndHold();
  Result bulk = Classify(EncodedImage{file_}, Bulk());
  Result bulk_follower = Classify(EncodedImage{file_}, Bulk());
  Result interactive = Classify(EncodedImage{file_});
  Result interactive_follower = Classify(EncodedImage{file_});
  network_.gate().Let(2);  // of the held image and of one more
  EXPECT_THAT(interactive.get(), IsOk());
  EXPECT_THAT(interactive_follower.get(), IsOk());
  EXPECT_THAT(bulk_follower.get(), IsOk()) << "answered by the first that is done";
  EXPECT_FALSE(IsReady(bulk));
  network_.gate().Open();
  EXPECT_THAT(bulk.get(), IsOk());
  EXPECT_EQ(Executions(), 2);
}

TEST_F(CachedImagesTest, AFaultOfTheExecutorIsEachImagesOwnAndNotKept) {
  ServeAndHold();
  const std::string faulty = SolidBmp(10, 10, FakeNetwork::kFaultyByte, 0, 0);
  Result first = Classify(EncodedImage{faulty});
  Result second = Classify(EncodedImage{faulty});
  network_.gate().Open();
  EXPECT_THAT(first.get(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(second.get(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Classify(EncodedImage{faulty}).get(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Executions(), 3) << "another try each, and no more";
  EXPECT_EQ(pipeline_->Gauges().cache_entries, 0);
}

TEST_F(CachedImagesTest, AFaultOfTheImageIsSharedAndNotKept) {
  ServeAndHold();
  const std::string cut = file_.substr(0, file_.size() / 2);
  Result first = Classify(EncodedImage{cut});
  Result second = Classify(EncodedImage{cut});
  network_.gate().Open();
  for (Result* result : {&first, &second}) {
    const absl::Status status = result->get().status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(GetReason(status), kReasonImageCorrupt);
  }
  EXPECT_EQ(metrics_.Stages(Stage::kDecode), 1);
  EXPECT_EQ(pipeline_->Gauges().cache_shared, 1);
  EXPECT_THAT(Classify(EncodedImage{cut}).get(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(metrics_.Stages(Stage::kDecode), 2);
}

TEST_F(CachedImagesTest, ADrainFinishesFollowers) {
  ServeAndHold();
  const auto gone = std::make_shared<Cancellation>();
  Result leader = Classify(EncodedImage{file_}, {}, gone);
  Result next = Classify(EncodedImage{file_});
  Result last = Classify(EncodedImage{file_});
  gone->Cancel();
  std::thread stop([&] { EXPECT_EQ(pipeline_->Stop(kNever), 0); });
  clock_.AwaitWaiters(1, kNever);
  network_.gate().Open();
  stop.join();
  EXPECT_THAT(leader.get(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(next.get(), IsOk());
  EXPECT_THAT(last.get(), IsOk());
}

TEST_F(CachedImagesTest, TheEndOfADrainCutsFollowersOff) {
  ServeAndHold();
  std::vector<Result> results;
  for (int i = 0; i < 5; ++i) results.push_back(Classify(EncodedImage{file_}));
  ExpectStopCutsOff(std::move(results));
}

// On the real clock: several workers and clients that ask for a few files, with cancellations, deadlines,
// both classes, broken and faulty files, and a drain in the middle.
TEST_F(CachedImagesTest, EveryAdmittedImageIsAnsweredOnceAndWithItsOwnResult) {
  constexpr int kClients = 3;
  constexpr int kImagesOfClient = 400;
  constexpr uint8_t kFiles = 6;
  FakeNetwork network(kSide, kSide, kClasses);
  options_.clock = &Clock::Real();
  options_.workers = 2;
  options_.max_batch_size = 4;
  options_.admission.queue_capacity = 16;
  options_.cache_bytes = 3 * ResultCache::BytesOf(std::vector<float>(kClasses));
  MakePipeline();
  ASSERT_THAT(pipeline_->Serve(MakeModel(network.factory())), IsOk());
  std::vector<std::string> files;
  for (uint8_t i = 0; i < kFiles; ++i) files.push_back(SolidBmp(8, 8, static_cast<uint8_t>(16 * i), 0, 0));
  files.push_back(SolidBmp(8, 8, FakeNetwork::kFaultyByte, 0, 0));
  files.push_back("no image");

  ASSERT_THAT(Classify(EncodedImage{files[0]}).get(), IsOk());  // what each client asks for first
  std::atomic<int> admitted{0}, answered{0}, good{0}, wrong{0};
  testing::Gate half_way;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < kImagesOfClient; ++i) {
        if (i == kImagesOfClient / 2) half_way.Pass();
        AdmissionRequest room;
        room.bytes = 1;
        absl::StatusOr<Admission> admission = pipeline_->admission().Admit(room);
        while (absl::IsResourceExhausted(admission.status())) {
          std::this_thread::yield();
          admission = pipeline_->admission().Admit(room);
        }
        if (!admission.ok()) break;
        ++admitted;
        const auto file = static_cast<size_t>(i / 3) % files.size();
        ImageRequest request;
        request.image = EncodedImage{files[file]};
        request.outputs.logits = i % 2 == 0;
        request.outputs.probabilities = true;
        request.cancellation = std::make_shared<Cancellation>();
        if (i % 4 == 1) request.attributes.task_class = TaskClass::kBulk;
        if (i % 5 != 0) request.attributes.deadline = Clock::Real().Now() + absl::Microseconds(300 * (i % 7));
        request.done = [&, file, logits = request.outputs.logits](absl::StatusOr<ImageResult> result) {
          ++answered;
          if (!result.ok()) return;
          ++good;
          const bool right =
              file < kFiles && result->probabilities.size() == kClasses &&
              (logits ? result->logits.at(0) == static_cast<float>(file) : result->logits.empty());
          if (!right) ++wrong;
        };
        const std::shared_ptr<Cancellation> cancellation = request.cancellation;
        pipeline_->Schedule(std::move(request), *std::move(admission));
        if (i % 6 == 0) cancellation->Cancel();
      }
    });
  }
  half_way.AwaitArrivals(kClients);
  pipeline_->Stop(Clock::Real().Now() + absl::Seconds(30));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, admitted);
  EXPECT_GT(good, 0);
  EXPECT_EQ(wrong, 0);
  const PipelineGauges gauges = pipeline_->Gauges();
  EXPECT_GT(gauges.cache_hits, 0);
  EXPECT_LE(gauges.cache_bytes, static_cast<int64_t>(options_.cache_bytes));
  EXPECT_EQ(gauges.inflight_requests, 0);
  EXPECT_EQ(gauges.inflight_bytes, 0);
}

}  // namespace
}  // namespace edgenext::serving
