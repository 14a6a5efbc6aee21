// Real threads on a simulated clock, which every execution moves.
#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/batching/batch_scheduler.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/simulated_clock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::SimulatedClock;

constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();

int Draw(std::mt19937& random, int least, int most) {
  return std::uniform_int_distribution<int>(least, most)(random);
}

// One life of a scheduler: any mix of deadlines, classes, cancellations and faults, then a stop that drains
// or cuts off. Every accepted task ends exactly once, and none begins after its deadline.
void LiveOnce(unsigned seed) {
  std::mt19937 random(seed);
  SimulatedClock clock;
  Endings endings;
  std::atomic<int> worker_seed{static_cast<int>(seed) * 100};
  BatchScheduler::Options options;
  options.workers = Draw(random, 1, 4);
  options.queue.capacity = Draw(random, 5, 50);
  options.queue.policy.max_batch_size = Draw(random, 1, 8);
  options.queue.policy.batch_timeout = absl::Milliseconds(std::max(Draw(random, -20, 20), 0));
  options.queue.clock = &clock;
  BatchScheduler scheduler(options);
  scheduler.SetCostTable(CostTable({{1, absl::Milliseconds(10)}, {8, absl::Milliseconds(40)}}));
  ASSERT_THAT(scheduler.Start([&](int) {
    return BatchFunction(
        [&, own_random = std::mt19937(static_cast<unsigned>(++worker_seed))](Batch batch) mutable {
          while (true) {
            const MonotonicTime asked_at = clock.Now();
            const std::unique_ptr<Task> task = batch.Next();
            if (task == nullptr) return;
            auto& test_task = static_cast<TestTask&>(*task);
            EXPECT_GT(task->attributes().deadline, asked_at) << test_task.name();
            EXPECT_EQ(test_task.begins(), 1);
            clock.Advance(absl::Milliseconds(Draw(own_random, 1, 20)));
            const bool faulty = Draw(own_random, 0, 9) == 0;
            test_task.Finish(faulty ? absl::InternalError("fault") : absl::OkStatus());
            if (Draw(own_random, 0, 29) == 0) return;  // the batch ends early
          }
        });
  }),
              IsOk());

  std::set<std::string> accepted;
  for (int i = 0; i < 300; ++i) {
    TaskAttributes attributes;
    if (Draw(random, 0, 2) != 0) {
      attributes.deadline = clock.Now() + absl::Milliseconds(Draw(random, -10, 500));
    }
    attributes.task_class = Draw(random, 0, 1) == 0 ? TaskClass::kInteractive : TaskClass::kBulk;
    const auto cancellation = std::make_shared<Cancellation>();
    const std::string name = std::to_string(i);
    std::unique_ptr<Task> task = std::make_unique<TestTask>(name, &endings, attributes, cancellation);
    if (scheduler.Schedule(&task).ok()) accepted.insert(name);
    if (Draw(random, 0, 3) == 0) cancellation->Cancel();
    if (Draw(random, 0, 5) == 0) clock.Advance(absl::Milliseconds(Draw(random, 1, 50)));
  }
  const bool drains = Draw(random, 0, 1) == 0;
  const int cut_off = scheduler.Stop(drains ? kNever : clock.Now());
  if (drains) {
    EXPECT_EQ(cut_off, 0);
  }
  const std::vector<std::string> ended = endings.names();
  EXPECT_EQ(std::set<std::string>(ended.begin(), ended.end()), accepted);
  EXPECT_EQ(ended.size(), accepted.size());
  int unavailable = 0;
  for (const Endings::Ending& ending : endings.all()) unavailable += absl::IsUnavailable(ending.status);
  EXPECT_EQ(unavailable, cut_off);
  EXPECT_EQ(scheduler.depth().queued, 0);
}

TEST(BatchSchedulerPropertyTest, EveryAcceptedTaskEndsExactlyOnce) {
  for (unsigned seed = 0; seed < 60 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    LiveOnce(seed);
  }
}

// Every interactive task that ends is followed by another for as long as there are bulk ones: only these can
// end the test.
TEST(BatchSchedulerPropertyTest, BulkDoesNotStarve) {
  constexpr int kWorkers = 3, kInteractive = 10, kBulk = 40;
  SimulatedClock clock;
  Endings endings;
  BatchScheduler::Options options;
  options.workers = kWorkers;
  options.queue.clock = &clock;
  BatchScheduler scheduler(options);
  std::atomic<int> bulk_left{kBulk};
  std::atomic<int> interactive{0};
  const auto schedule = [&](TaskClass task_class) {
    TaskAttributes attributes;
    attributes.task_class = task_class;
    attributes.deadline = clock.Now() + absl::Hours(1);
    std::unique_ptr<Task> task = std::make_unique<TestTask>("", &endings, attributes);
    return scheduler.Schedule(&task);
  };
  for (int i = 0; i < kBulk; ++i) ASSERT_THAT(schedule(TaskClass::kBulk), IsOk());
  for (int i = 0; i < kInteractive; ++i) ASSERT_THAT(schedule(TaskClass::kInteractive), IsOk());
  ASSERT_THAT(scheduler.Start([&](int) {
    return BatchFunction([&](Batch batch) {
      while (const std::unique_ptr<Task> task = batch.Next()) {
        clock.Advance(absl::Milliseconds(10));
        static_cast<TestTask&>(*task).Finish(absl::OkStatus());
        if (task->attributes().task_class == TaskClass::kBulk) {
          --bulk_left;
        } else if (++interactive; bulk_left > 0) {
          schedule(TaskClass::kInteractive).IgnoreError();  // the last bulk one has ended meanwhile
        }
      }
    });
  }),
              IsOk());
  endings.Await(kBulk + kInteractive);
  while (bulk_left > 0) endings.Await(endings.names().size() + 1);
  EXPECT_EQ(scheduler.Stop(kNever), 0);
  EXPECT_GE(interactive, 7 * (kBulk - kWorkers)) << "no more than its share";
}

}  // namespace
}  // namespace edgenext::serving
