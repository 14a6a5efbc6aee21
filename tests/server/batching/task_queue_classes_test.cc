// Interactive and bulk tasks in one queue: a batch of bulk tasks gives way between two of them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/batching/task_queue.h"
#include "tests/server/batching/task_queue_fixture.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskQueueClassesTest : public TaskQueueTest {
 protected:
  void ScheduleBulk(const std::string& name, MonotonicTime deadline = kNever,
                    std::shared_ptr<Cancellation> cancellation = nullptr) {
    ASSERT_THAT(Schedule(name, deadline, TaskClass::kBulk, std::move(cancellation)), IsOk());
  }
  // The next task of the batch, which ends well; "" if there is none.
  static std::string RunOne(Batch& batch) {
    const std::unique_ptr<Task> task = batch.Next();
    if (task == nullptr) return "";
    auto& test_task = static_cast<TestTask&>(*task);
    test_task.Finish(absl::OkStatus());
    return test_task.name();
  }
};

TEST_F(TaskQueueClassesTest, ABatchOfBulkGivesWayToAnInteractiveTask) {
  MakeQueue();
  for (const char* name : {"1", "2", "3", "4"}) ScheduleBulk(name);
  Batch batch = *queue_->Take();
  ASSERT_EQ(batch.size(), 4);
  EXPECT_EQ(RunOne(batch), "1");
  ASSERT_THAT(Schedule("interactive"), IsOk());
  ScheduleBulk("5");
  EXPECT_EQ(RunOne(batch), "");
  EXPECT_EQ(batch.size(), 4);
  EXPECT_EQ(queue_->depth().queued, 5);
  EXPECT_EQ(queue_->depth().bulk, 4);
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("interactive", "2", "3", "4", "5"));
}

TEST_F(TaskQueueClassesTest, ABatchOfInteractiveTasksGoesOn) {
  MakeQueue();
  for (const char* name : {"1", "2"}) ASSERT_THAT(Schedule(name), IsOk());
  Batch batch = *queue_->Take();
  EXPECT_EQ(RunOne(batch), "1");
  ASSERT_THAT(Schedule("urgent", start_ + absl::Milliseconds(1)), IsOk());
  EXPECT_EQ(RunOne(batch), "2");
}

TEST_F(TaskQueueClassesTest, AnIdleWorkerTakesTheInteractiveTaskInstead) {
  // A worker that waits for a full batch is idle.
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/4, /*batch_timeout=*/absl::Seconds(9));
  for (const char* name : {"1", "2", "3", "4"}) ScheduleBulk(name);
  Batch batch = *queue_->Take();
  EXPECT_EQ(RunOne(batch), "1");
  auto idle = TakeAndRun();
  clock_.AwaitWaiters(1, kNever);
  ASSERT_THAT(Schedule("interactive"), IsOk());
  EXPECT_EQ(RunOne(batch), "2");
  ASSERT_THAT(Schedule("one too many for it"), IsOk());
  EXPECT_EQ(RunOne(batch), "");
  EXPECT_THAT(idle.get(), ElementsAre("interactive", "one too many for it", "3", "4"));
}

TEST_F(TaskQueueClassesTest, BulkInItsTurnDoesNotGiveWay) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/1);
  for (int i = 0; i < 7; ++i) ASSERT_THAT(Schedule("interactive"), IsOk());
  for (int i = 0; i < 7; ++i) RunAll(*queue_->Take());
  ScheduleBulk("bulk");
  Batch batch = *queue_->Take();
  ASSERT_THAT(Schedule("interactive"), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(RunOne(batch), "bulk");
  ScheduleBulk("next");
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("interactive"));
}

TEST_F(TaskQueueClassesTest, WhatWasPutBackBeginsOnce) {
  MakeQueue();
  for (const char* name : {"1", "2"}) ScheduleBulk(name);
  Batch batch = *queue_->Take();
  ASSERT_THAT(Schedule("interactive"), IsOk());
  EXPECT_EQ(RunOne(batch), "") << "the very first gives way too";
  Batch next = *queue_->Take();
  EXPECT_EQ(RunOne(next), "interactive");
  const std::unique_ptr<Task> task = next.Next();
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(static_cast<TestTask&>(*task).begins(), 1);
  EXPECT_EQ(task->scheduled_at, start_);
}

// They were accepted; it is new ones that find no place.
TEST_F(TaskQueueClassesTest, WhatWasPutBackFillsTheQueue) {
  MakeQueue(/*capacity=*/3);
  for (const char* name : {"1", "2", "3"}) ScheduleBulk(name);
  Batch batch = *queue_->Take();
  EXPECT_EQ(RunOne(batch), "1");
  ASSERT_THAT(Schedule("interactive 1"), IsOk());
  ASSERT_THAT(Schedule("interactive 2"), IsOk());
  EXPECT_EQ(RunOne(batch), "");
  EXPECT_EQ(queue_->depth().queued, 4);
  EXPECT_THAT(Schedule("refused"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("interactive 1", "interactive 2", "2", "3"));
}

TEST_F(TaskQueueClassesTest, WhatWasPutBackExpiresAndIsCancelledLikeTheRest) {
  MakeQueue();
  const auto cancellation = std::make_shared<Cancellation>();
  ScheduleBulk("1", start_ + absl::Seconds(1));
  ScheduleBulk("expires", start_ + absl::Seconds(2));
  ScheduleBulk("cancelled", start_ + absl::Seconds(3), cancellation);
  Batch batch = *queue_->Take();
  EXPECT_EQ(RunOne(batch), "1");
  ASSERT_THAT(Schedule("interactive"), IsOk());
  EXPECT_EQ(RunOne(batch), "");
  clock_.Advance(absl::Seconds(2));
  cancellation->Cancel();
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("interactive"));
  EXPECT_THAT(endings_.StatusOf("expires"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(endings_.StatusOf("cancelled"), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TaskQueueClassesTest, ADrainFinishesWhatWasPutBack) {
  MakeQueue();
  for (const char* name : {"1", "2"}) ScheduleBulk(name);
  Batch batch = *queue_->Take();
  EXPECT_EQ(RunOne(batch), "1");
  ASSERT_THAT(Schedule("interactive"), IsOk());
  queue_->StopAccepting();
  EXPECT_EQ(RunOne(batch), "");
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("interactive", "2"));
  EXPECT_FALSE(queue_->Take().has_value());
}

TEST_F(TaskQueueClassesTest, TheCutOffEndsWhatWasPutBack) {
  MakeQueue();
  for (const char* name : {"1", "2", "3"}) ScheduleBulk(name);
  Batch batch = *queue_->Take();
  EXPECT_EQ(RunOne(batch), "1");
  ASSERT_THAT(Schedule("interactive"), IsOk());
  EXPECT_EQ(RunOne(batch), "");
  queue_->CutOffRest();
  EXPECT_EQ(queue_->cut_off_tasks(), 3);
  for (const char* name : {"2", "3", "interactive"}) {
    EXPECT_THAT(endings_.StatusOf(name), StatusIs(absl::StatusCode::kUnavailable)) << name;
  }
}

TEST_F(TaskQueueClassesTest, CancelledTasksLeaveALongQueueWithinAFewTakes) {
  MakeQueue(/*capacity=*/1000, /*max_batch_size=*/1);
  const auto cancellation = std::make_shared<Cancellation>();
  for (int i = 0; i < 200; ++i) ASSERT_THAT(Schedule("alive"), IsOk());
  for (int i = 0; i < 50; ++i) ScheduleBulk("cancelled", kNever, cancellation);
  cancellation->Cancel();
  for (int i = 0; i < 8; ++i) EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("alive"));
  EXPECT_EQ(queue_->depth().bulk, 0);
  EXPECT_EQ(queue_->depth().queued, 192);
}

}  // namespace
}  // namespace edgenext::serving
