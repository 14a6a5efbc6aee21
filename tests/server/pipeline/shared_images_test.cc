// Idle workers share the image of another.
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/pipeline/classify_pipeline.h"
#include "tests/server/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::testing::Each;
using ::testing::ElementsAre;

class SharedImagesTest : public PipelineTest {
 protected:
  // Idle afterwards.
  void ServeWith(int workers, int threads_of_an_image) {
    options_.workers = workers;
    network_.SetThreads(threads_of_an_image);
    Serve();
    clock_.AwaitWaiters(workers, kNever);
  }

  Result ClassifyAs(TaskClass task_class) {
    TaskAttributes attributes;
    attributes.task_class = task_class;
    return Classify(RgbPixels{Image({1})}, attributes);
  }
  // So many threads have come to the gate since Serve.
  void AwaitAtGate(int threads) { network_.gate().AwaitArrivals(warm_ups_ + threads); }

  // Of the images after the warm-up.
  std::vector<int> team_sizes() const {
    const std::vector<int> sizes = network_.team_sizes();
    return {sizes.begin() + warm_ups_, sizes.end()};
  }
};

TEST_F(SharedImagesTest, IdleWorkersShareAnInteractiveImage) {
  ServeWith(/*workers=*/3, /*threads_of_an_image=*/2);
  EXPECT_THAT(ClassifyAs(TaskClass::kInteractive).get(), IsOk());
  EXPECT_THAT(team_sizes(), ElementsAre(2));
  EXPECT_EQ(pipeline_->Gauges().shared_inferences, 1);
  EXPECT_EQ(metrics_.Inferences(), 1);
}

TEST_F(SharedImagesTest, NoMoreWorkersShareThanThereAre) {
  ServeWith(/*workers=*/3, /*threads_of_an_image=*/8);
  EXPECT_THAT(ClassifyAs(TaskClass::kInteractive).get(), IsOk());
  EXPECT_THAT(team_sizes(), ElementsAre(3));
}

TEST_F(SharedImagesTest, WarmUpsAreNotShared) {
  ServeWith(/*workers=*/3, /*threads_of_an_image=*/3);
  EXPECT_THAT(network_.team_sizes(), Each(1));
}

TEST_F(SharedImagesTest, ABulkImageIsItsWorkersAlone) {
  ServeWith(/*workers=*/2, /*threads_of_an_image=*/2);
  EXPECT_THAT(ClassifyAs(TaskClass::kBulk).get(), IsOk());
  EXPECT_THAT(team_sizes(), ElementsAre(1));
  EXPECT_EQ(pipeline_->Gauges().shared_inferences, 0);
}

TEST_F(SharedImagesTest, NobodySharesWhenAllWorkersAreBusy) {
  ServeWith(/*workers=*/2, /*threads_of_an_image=*/2);
  network_.gate().Close();
  Result bulk = ClassifyAs(TaskClass::kBulk);
  AwaitAtGate(1);
  Result interactive = ClassifyAs(TaskClass::kInteractive);
  AwaitAtGate(2);
  network_.gate().Open();
  EXPECT_THAT(bulk.get(), IsOk());
  EXPECT_THAT(interactive.get(), IsOk());
  EXPECT_THAT(team_sizes(), ElementsAre(1, 1));
}

// It is taken as soon as one of the two that share is free, and runs beside no other thread of its core.
TEST_F(SharedImagesTest, AnImageThatComesMeanwhileWaitsForTheEnd) {
  ServeWith(/*workers=*/2, /*threads_of_an_image=*/2);
  network_.gate().Close();
  Result shared = ClassifyAs(TaskClass::kInteractive);
  AwaitAtGate(2);
  Result second = ClassifyAs(TaskClass::kBulk);
  EXPECT_EQ(pipeline_->Gauges().queue_depth, 1);
  network_.gate().Let(2);
  AwaitAtGate(3);
  EXPECT_EQ(pipeline_->Gauges().queue_depth, 0);
  network_.gate().Open();
  EXPECT_THAT(shared.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_THAT(team_sizes(), ElementsAre(2, 1));
}

TEST_F(SharedImagesTest, HelpersAreBusyMeanwhile) {
  ServeWith(/*workers=*/3, /*threads_of_an_image=*/3);
  network_.gate().Close();
  Result shared = ClassifyAs(TaskClass::kInteractive);
  AwaitAtGate(3);
  clock_.Advance(absl::Seconds(4));
  network_.gate().Open();
  EXPECT_THAT(shared.get(), IsOk());
  EXPECT_EQ(pipeline_->Stop(kNever), 0);
  // The worker of the image goes on for kExecution, which those who help leave to it or not.
  EXPECT_GE(pipeline_->Gauges().worker_busy, absl::Seconds(12) + kExecution);
  EXPECT_LE(pipeline_->Gauges().worker_busy, absl::Seconds(12) + 3 * kExecution);
}

TEST_F(SharedImagesTest, ADrainFinishesAnImageThatIsShared) {
  ServeWith(/*workers=*/2, /*threads_of_an_image=*/2);
  network_.gate().Close();
  Result shared = ClassifyAs(TaskClass::kInteractive);
  AwaitAtGate(2);
  Result waiting = ClassifyAs(TaskClass::kInteractive);
  const MonotonicTime deadline = clock_.Now() + absl::Seconds(20);
  std::thread stop([&] { EXPECT_EQ(pipeline_->Stop(deadline), 0); });
  clock_.AwaitWaiters(1, deadline);
  network_.gate().Open();
  stop.join();
  EXPECT_THAT(shared.get(), IsOk());
  EXPECT_THAT(waiting.get(), IsOk());
}

}  // namespace
}  // namespace edgenext::serving
