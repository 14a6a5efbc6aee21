// Queued tasks end at their deadlines, with no worker in sight.
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/batching/task_queue.h"
#include "tests/server/batching/task_queue_fixture.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/gate.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::Gate;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskQueueWatchTest : public TaskQueueTest {
 protected:
  void StartWatch() {
    watch_ = std::async(std::launch::async, [this] { queue_->WatchDeadlines(); });
  }
  void TearDown() override {
    queue_->EndWatch();
    if (watch_.valid()) watch_.get();
  }
  MonotonicTime In(int seconds) const { return start_ + absl::Seconds(seconds); }

  std::future<void> watch_;
};

TEST_F(TaskQueueWatchTest, TasksEndAtTheirDeadlines) {
  MakeQueue();
  ASSERT_THAT(Schedule("second", In(2)), IsOk());
  ASSERT_THAT(Schedule("first", In(1), TaskClass::kBulk), IsOk());
  ASSERT_THAT(Schedule("patient"), IsOk());
  StartWatch();
  clock_.AwaitWaiters(1, In(1));
  clock_.SetTime(In(1) - absl::Nanoseconds(1));
  EXPECT_THAT(endings_.names(), IsEmpty());
  clock_.SetTime(In(1));
  endings_.Await(1);
  EXPECT_THAT(endings_.names(), ElementsAre("first"));
  clock_.AwaitWaiters(1, In(2));
  clock_.SetTime(In(2));
  endings_.Await(2);
  EXPECT_THAT(endings_.names(), ElementsAre("first", "second"));
  EXPECT_THAT(endings_.StatusOf("second"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(queue_->depth().queued, 1);
}

TEST_F(TaskQueueWatchTest, AnEarlierDeadlineIsNoticedWhenItComes) {
  MakeQueue();
  StartWatch();
  ASSERT_THAT(Schedule("late", In(3)), IsOk());
  clock_.AwaitWaiters(1, In(3));
  ASSERT_THAT(Schedule("early", In(1)), IsOk());
  clock_.AwaitWaiters(1, In(1));
  clock_.SetTime(In(1));
  endings_.Await(1);
  EXPECT_THAT(endings_.names(), ElementsAre("early"));
}

// The watch sleeps on when the task that it watches is taken: no later one wakes it.
TEST_F(TaskQueueWatchTest, ALaterDeadlineIsNoticedInTime) {
  MakeQueue();
  StartWatch();
  ASSERT_THAT(Schedule("runs", In(1)), IsOk());
  clock_.AwaitWaiters(1, In(1));
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("runs"));
  ASSERT_THAT(Schedule("expires", In(2)), IsOk());
  clock_.SetTime(In(1));
  clock_.AwaitWaiters(1, In(2));
  clock_.SetTime(In(2));
  endings_.Await(2);
  EXPECT_THAT(endings_.StatusOf("expires"), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TaskQueueWatchTest, WhatABatchPutsBackIsWatched) {
  MakeQueue();
  StartWatch();
  for (const char* name : {"1", "2"}) ASSERT_THAT(Schedule(name, In(1), TaskClass::kBulk), IsOk());
  clock_.AwaitWaiters(1, In(1));
  Batch batch = *queue_->Take();
  ASSERT_THAT(Schedule("interactive"), IsOk());
  EXPECT_EQ(batch.Next(), nullptr);
  clock_.SetTime(In(1));
  endings_.Await(2);
  EXPECT_THAT(endings_.names(), ElementsAre("1", "2"));
}

// So that whoever schedules meanwhile need not wait for a slow one.
TEST_F(TaskQueueWatchTest, HoldsNoLockWhileATaskEnds) {
  MakeQueue();
  Gate gate;
  gate.Close();
  TaskAttributes attributes;
  attributes.deadline = In(1);
  std::unique_ptr<Task> gated = std::make_unique<GatedTask>(attributes, &gate);
  ASSERT_THAT(queue_->Schedule(&gated), IsOk());
  StartWatch();
  clock_.AwaitWaiters(1, In(1));
  clock_.SetTime(In(1));
  gate.AwaitArrivals(1);
  ASSERT_THAT(Schedule("meanwhile", In(2)), IsOk());
  EXPECT_EQ(queue_->depth().queued, 1);
  clock_.SetTime(In(2));
  EXPECT_THAT(endings_.names(), IsEmpty());
  gate.Open();
  endings_.Await(1);
  EXPECT_THAT(endings_.StatusOf("meanwhile"), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TaskQueueWatchTest, EndsWithTasksLeft) {
  MakeQueue();
  ASSERT_THAT(Schedule("waits", In(1)), IsOk());
  StartWatch();
  clock_.AwaitWaiters(1, In(1));
  queue_->EndWatch();
  watch_.get();
  EXPECT_THAT(endings_.names(), IsEmpty());
}

}  // namespace
}  // namespace edgenext::serving
