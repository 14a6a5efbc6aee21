// What the warm-up measures, and what batching makes of it.
#include <algorithm>
#include <atomic>
#include <map>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/pipeline/classify_pipeline.h"
#include "tests/server/pipeline/pipeline_fixture.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;

class WarmUpTest : public PipelineTest {
 protected:
  // The executions' durations, in ms; the last one is that of all that follow.
  void ExecutionsTake(std::vector<int> milliseconds) {
    network_.SetOnExecute([this, milliseconds = std::move(milliseconds)] {
      const size_t index = std::min(static_cast<size_t>(begun_++), milliseconds.size() - 1);
      clock_.Advance(absl::Milliseconds(milliseconds[index]));
    });
  }

  // The sizes of the batches in which a free worker takes so many waiting images.
  std::vector<int> BatchSizesOf(int images) {
    network_.gate().Close();
    held_ = Classify(RgbPixels{Image({1})});
    network_.gate().AwaitArrivals(warm_ups_ + 1);
    std::vector<Result> results;
    for (int i = 0; i < images; ++i) results.push_back(Classify(RgbPixels{Image({1})}));
    network_.gate().Open();
    std::vector<int> sizes;
    for (Result& result : results) sizes.push_back(result.get()->timings.batch_size);
    return sizes;
  }

  std::atomic<int> begun_{0};
};

// Executed image by image, a batch of b takes b times as long as one image: b* is 1.
TEST_F(WarmUpTest, PublishesTheTimeOfPowersOfTwoAndOfTheLargestBatch) {
  options_.max_batch_size = 6;
  Serve();
  EXPECT_EQ(metrics_.ExecutionCosts(),
            (std::map<int, absl::Duration>{
                {1, kExecution}, {2, 2 * kExecution}, {4, 4 * kExecution}, {6, 6 * kExecution}}));
  EXPECT_THAT(BatchSizesOf(4), ElementsAre(1, 1, 1, 1));
}

TEST_F(WarmUpTest, BatchesThatPayAreTaken) {
  options_.max_batch_size = 4;
  // The first, three of one image, and all that follow: T(1) = 10, T(2) = 12, T(4) = 24.
  ExecutionsTake({10, 10, 10, 10, 6});
  Serve();
  EXPECT_EQ(metrics_.ExecutionCosts(),
            (std::map<int, absl::Duration>{
                {1, absl::Milliseconds(10)}, {2, absl::Milliseconds(12)}, {4, absl::Milliseconds(24)}}));
  EXPECT_THAT(BatchSizesOf(5), ElementsAre(2, 2, 2, 2, 1));
}

TEST_F(WarmUpTest, TheFirstExecutionAndSlowRepetitionsDoNotCount) {
  ExecutionsTake({70, 30, 10, 20});
  Serve();
  EXPECT_EQ(metrics_.ExecutionCosts(), (std::map<int, absl::Duration>{{1, absl::Milliseconds(10)}}));
}

TEST_F(WarmUpTest, ASlowNetworkIsTimedOnceASize) {
  options_.max_batch_size = 4;
  ExecutionsTake({100});
  Serve();
  EXPECT_EQ(warm_ups_, 1 + 1 + 2 + 4);
}

TEST_F(WarmUpTest, BatchesOfMoreThanHalfASecondAreNotTimed) {
  options_.max_batch_size = 8;
  ExecutionsTake({200});
  Serve();
  EXPECT_EQ(warm_ups_, 1 + 1 + 2);
  EXPECT_EQ(metrics_.ExecutionCosts(),
            (std::map<int, absl::Duration>{{1, absl::Milliseconds(200)}, {2, absl::Milliseconds(400)}}));
}

TEST_F(WarmUpTest, AFastNetworkIsTimedThriceASize) {
  options_.max_batch_size = 4;
  ExecutionsTake({1});
  Serve();
  EXPECT_EQ(warm_ups_, 1 + 3 * (1 + 2 + 4));
}

}  // namespace
}  // namespace edgenext::serving
