// Workers that are told when they may take their next batch.
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/batching/batch_scheduler.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/gate.h"
#include "tests/testing/simulated_clock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::Gate;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::SimulatedClock;
using ::testing::ElementsAre;

absl::Status Schedule(BatchScheduler& scheduler, const std::string& name, Endings* endings) {
  std::unique_ptr<Task> task = std::make_unique<TestTask>(name, endings);
  return scheduler.Schedule(&task);
}

TEST(PauseTest, AWorkerTakesNothingBeforeItMay) {
  SimulatedClock clock;
  const MonotonicTime first = clock.Now() + absl::Milliseconds(30);
  const MonotonicTime second = clock.Now() + absl::Milliseconds(70);
  // The worker's thread alone asks.
  std::vector<MonotonicTime> times = {first, second, clock.Now()};
  size_t asked = 0;
  Endings endings;
  BatchScheduler::Options options;
  options.queue.clock = &clock;
  options.next_batch_at = [&] { return asked < times.size() ? times[asked++] : MonotonicTime(); };
  BatchScheduler scheduler(options);
  ASSERT_THAT(Schedule(scheduler, "1", &endings), IsOk());
  ASSERT_THAT(Schedule(scheduler, "2", &endings), IsOk());
  ASSERT_THAT(
      scheduler.Start([](int) { return BatchFunction([](Batch batch) { RunAll(std::move(batch)); }); }),
      IsOk());

  clock.AwaitWaiters(1, first);
  EXPECT_EQ(scheduler.depth().queued, 2);
  clock.SetTime(first);
  clock.AwaitWaiters(1, second);
  EXPECT_THAT(endings.names(), ElementsAre("1"));
  clock.SetTime(second);
  endings.Await(2);
  EXPECT_THAT(endings.names(), ElementsAre("1", "2"));
  EXPECT_EQ(scheduler.Stop(MonotonicTime::InfiniteFuture()), 0);
}

TEST(PauseTest, ATaskThatComesDuringAPauseOfTheOnlyWorkerWaitsForItsEnd) {
  SimulatedClock clock;
  const MonotonicTime pause_end = clock.Now() + absl::Milliseconds(30);
  Endings endings;
  BatchScheduler::Options options;
  options.queue.clock = &clock;
  options.next_batch_at = [pause_end] { return pause_end; };
  BatchScheduler scheduler(options);
  ASSERT_THAT(
      scheduler.Start([](int) { return BatchFunction([](Batch batch) { RunAll(std::move(batch)); }); }),
      IsOk());
  clock.AwaitWaiters(1, pause_end);
  ASSERT_THAT(Schedule(scheduler, "1", &endings), IsOk());
  clock.SetTime(pause_end - absl::Nanoseconds(1));
  clock.AwaitWaiters(1, pause_end);
  EXPECT_EQ(scheduler.depth().queued, 1);
  clock.SetTime(pause_end);
  endings.Await(1);
  EXPECT_THAT(endings.StatusOf("1"), IsOk());
}

}  // namespace
}  // namespace edgenext::serving
