// The CPU time of computing images is counted.
#include <atomic>

#include "gtest/gtest.h"
#include "model/base/cpu_clock.h"
#include "tests/server/pipeline/pipeline_fixture.h"
#include "tests/testing/gate.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::Gate;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;

constexpr absl::Duration kBurnt = absl::Milliseconds(20);

void Burn() {
  const absl::Duration began = ThreadCpuTime();
  while (ThreadCpuTime() - began < kBurnt) {
  }
}

class ComputeCpuTest : public PipelineTest {};

TEST_F(ComputeCpuTest, OfAnExecutionAndNotOfTheWarmUp) {
  network_.SetOnThread([](int) { Burn(); });
  Serve();
  EXPECT_EQ(metrics_.ComputeCpu(), absl::ZeroDuration());
  const absl::Duration began = ProcessCpuTime();
  EXPECT_THAT(Classify(RgbPixels{Image({1})}).get(), IsOk());
  EXPECT_GE(metrics_.ComputeCpu(), kBurnt);
  EXPECT_LE(metrics_.ComputeCpu(), ProcessCpuTime() - began);
}

TEST_F(ComputeCpuTest, OfAnImageThatCannotBeDecoded) {
  Serve();
  EXPECT_THAT(Classify(EncodedImage{"no image"}).get(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_GT(metrics_.ComputeCpu(), absl::ZeroDuration());
}

// The image's own worker sleeps until its helper has computed, so that nearly all the time is the helper's.
TEST_F(ComputeCpuTest, OfWorkersThatHelp) {
  std::atomic<bool> serving = false;
  Gate helped;
  helped.Close();
  options_.workers = 2;
  network_.SetThreads(2);
  network_.SetOnThread([&](int thread) {
    if (!serving) return;
    if (thread == 0) return helped.Pass();
    Burn();
    helped.Open();
  });
  Serve();
  clock_.AwaitWaiters(2, kNever);
  serving = true;
  EXPECT_THAT(Classify(RgbPixels{Image({1})}).get(), IsOk());
  EXPECT_GE(metrics_.ComputeCpu(), kBurnt);
}

}  // namespace
}  // namespace edgenext::serving
