#include "server/batching/task_queue.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
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
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(TaskQueueTest, BatchHoldsTasksInOrder) {
  MakeQueue();
  ASSERT_THAT(Schedule("bulk", start_ + absl::Seconds(1), TaskClass::kBulk), IsOk());
  ASSERT_THAT(Schedule("first"), IsOk());
  ASSERT_THAT(Schedule("second"), IsOk());
  ASSERT_THAT(Schedule("urgent", start_ + absl::Seconds(2)), IsOk());
  absl::optional<Batch> batch = queue_->Take();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->size(), 4);
  EXPECT_EQ(batch->reason(), TakeReason::kIdle);
  EXPECT_THAT(RunAll(*std::move(batch)), ElementsAre("urgent", "first", "second", "bulk"));
}

TEST_F(TaskQueueTest, TasksKnowWhenTheyWereScheduledAndThatTheyBegin) {
  MakeQueue();
  clock_.Advance(absl::Seconds(3));
  ASSERT_THAT(Schedule("a"), IsOk());
  clock_.Advance(absl::Seconds(2));
  absl::optional<Batch> batch = queue_->Take();
  ASSERT_TRUE(batch.has_value());
  const std::unique_ptr<Task> task = batch->Next();
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(task->scheduled_at, start_ + absl::Seconds(3));
  EXPECT_EQ(static_cast<TestTask&>(*task).begins(), 1);
}

TEST_F(TaskQueueTest, ATaskThatWouldBeLateDoesNotBegin) {
  MakeQueue();
  image_time_ = absl::Milliseconds(10);
  ASSERT_THAT(Schedule("late", start_ + absl::Milliseconds(19)), IsOk());
  ASSERT_THAT(Schedule("in time", start_ + absl::Milliseconds(20)), IsOk());
  ASSERT_THAT(Schedule("patient"), IsOk());
  absl::optional<Batch> batch = queue_->Take();
  ASSERT_TRUE(batch.has_value());
  clock_.Advance(absl::Milliseconds(10));
  EXPECT_THAT(RunAll(*std::move(batch)), ElementsAre("in time", "patient"));
  const absl::Status status = endings_.StatusOf("late");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("nearer than the time")));
  EXPECT_EQ(GetReason(status), kReasonDeadline);
}

TEST_F(TaskQueueTest, AFullQueueRefusesAndLeavesTheTaskToItsCaller) {
  MakeQueue(/*capacity=*/2);
  ASSERT_THAT(Schedule("a"), IsOk());
  ASSERT_THAT(Schedule("b"), IsOk());
  std::unique_ptr<Task> task = std::make_unique<TestTask>("c", &endings_);
  const absl::Status status = queue_->Schedule(&task);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2 images are waiting")));
  EXPECT_EQ(GetReason(status), kReasonOverloaded);
  EXPECT_NE(task, nullptr);
  EXPECT_THAT(endings_.names(), IsEmpty());
}

TEST_F(TaskQueueTest, DeadTasksDoNotFillTheQueue) {
  MakeQueue(/*capacity=*/2);
  const auto cancellation = std::make_shared<Cancellation>();
  ASSERT_THAT(Schedule("expires", start_ + absl::Seconds(1)), IsOk());
  ASSERT_THAT(Schedule("cancelled", kNever, TaskClass::kInteractive, cancellation), IsOk());
  cancellation->Cancel();
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Schedule("c"), IsOk());
  EXPECT_THAT(Schedule("d"), IsOk());
  EXPECT_THAT(endings_.StatusOf("expires"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(endings_.StatusOf("cancelled"), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TaskQueueTest, ExpiredAndCancelledTasksNeverReachAWorker) {
  MakeQueue();
  const auto cancellation = std::make_shared<Cancellation>();
  ASSERT_THAT(Schedule("expired", start_ + absl::Seconds(5)), IsOk());
  ASSERT_THAT(Schedule("cancelled", kNever, TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("both", start_ + absl::Seconds(5), TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("alive", start_ + absl::Seconds(5) + absl::Nanoseconds(1)), IsOk());
  cancellation->Cancel();
  clock_.Advance(absl::Seconds(5));
  absl::optional<Batch> batch = queue_->Take();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->size(), 1);
  EXPECT_THAT(RunAll(*std::move(batch)), ElementsAre("alive"));
  EXPECT_THAT(endings_.StatusOf("expired"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(GetReason(endings_.StatusOf("expired")), kReasonDeadline);
  EXPECT_THAT(endings_.StatusOf("cancelled"), StatusIs(absl::StatusCode::kCancelled));
  // A transport cancels a call whose deadline has passed: that is still an expiry.
  EXPECT_THAT(endings_.StatusOf("both"), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TaskQueueTest, LooksAtDeadlineAndCancellationBetweenTheTasksOfABatch) {
  MakeQueue();
  const auto cancellation = std::make_shared<Cancellation>();
  ASSERT_THAT(Schedule("1", start_ + absl::Seconds(1)), IsOk());
  ASSERT_THAT(Schedule("2", start_ + absl::Seconds(2)), IsOk());
  ASSERT_THAT(Schedule("3", start_ + absl::Seconds(3), TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("4", start_ + absl::Seconds(4)), IsOk());
  absl::optional<Batch> batch = queue_->Take();
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->size(), 4);
  EXPECT_EQ(static_cast<TestTask&>(*batch->Next()).name(), "1");
  clock_.Advance(absl::Seconds(2));  // the first one took that long
  cancellation->Cancel();
  EXPECT_EQ(static_cast<TestTask&>(*batch->Next()).name(), "4");
  EXPECT_EQ(batch->Next(), nullptr);
  EXPECT_THAT(endings_.StatusOf("2"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(endings_.StatusOf("3"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(batch->size(), 4);
}

TEST_F(TaskQueueTest, ABatchThatIsDroppedAbandonsWhatItStillHolds) {
  MakeQueue();
  for (const char* name : {"1", "2", "3"}) ASSERT_THAT(Schedule(name), IsOk());
  {
    absl::optional<Batch> batch = queue_->Take();
    ASSERT_TRUE(batch.has_value());
    const std::unique_ptr<Task> handed_out = batch->Next();
    const Batch moved = *std::move(batch);  // the moved-from one abandons nothing
  }
  EXPECT_THAT(endings_.names(), ElementsAre("2", "3"));
  EXPECT_THAT(endings_.StatusOf("2"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(GetReason(endings_.StatusOf("3")), kReasonExecutionFailed);
}

TEST_F(TaskQueueTest, AWaitingWorkerIsWokenByATask) {
  MakeQueue();
  std::future<std::vector<std::string>> ran = TakeAndRun();
  clock_.AwaitWaiters(1, kNever);
  ASSERT_THAT(Schedule("a"), IsOk());
  EXPECT_THAT(ran.get(), ElementsAre("a"));
}

TEST_F(TaskQueueTest, ABatchKnowsWhetherItsWorkerWaited) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/2, /*batch_timeout=*/absl::Milliseconds(50));
  ASSERT_THAT(Schedule("a"), IsOk());
  ASSERT_THAT(Schedule("b"), IsOk());
  EXPECT_FALSE(queue_->Take()->waited());
  ASSERT_THAT(Schedule("c"), IsOk());
  auto taken = std::async(std::launch::async, [this] { return queue_->Take()->waited(); });
  clock_.AwaitWaiters(1, start_ + absl::Milliseconds(50));
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(taken.get()) << "for a second task";
}

TEST_F(TaskQueueTest, WithATimeoutAShortBatchLeavesWhenItIsOver) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/4, /*batch_timeout=*/absl::Milliseconds(50));
  ASSERT_THAT(Schedule("a"), IsOk());
  clock_.Advance(absl::Milliseconds(20));
  ASSERT_THAT(Schedule("b"), IsOk());
  std::future<std::vector<std::string>> ran = TakeAndRun();
  clock_.AwaitWaiters(1, start_ + absl::Milliseconds(50));
  clock_.SetTime(start_ + absl::Milliseconds(49));
  EXPECT_THAT(endings_.names(), IsEmpty());
  clock_.SetTime(start_ + absl::Milliseconds(50));
  EXPECT_THAT(ran.get(), ElementsAre("a", "b"));
}

TEST_F(TaskQueueTest, WithATimeoutAFullBatchLeavesAtOnce) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/3, /*batch_timeout=*/absl::Milliseconds(50));
  std::future<std::vector<std::string>> ran = TakeAndRun();
  clock_.AwaitWaiters(1, kNever);
  ASSERT_THAT(Schedule("a"), IsOk());
  clock_.AwaitWaiters(1, start_ + absl::Milliseconds(50));
  ASSERT_THAT(Schedule("b"), IsOk());
  ASSERT_THAT(Schedule("c"), IsOk());
  EXPECT_THAT(ran.get(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(clock_.Now(), start_);
}

TEST_F(TaskQueueTest, WithATimeoutALateUrgentTaskBringsTheTimeForward) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/2, /*batch_timeout=*/absl::Seconds(10));
  std::future<std::vector<std::string>> ran = TakeAndRun();
  clock_.AwaitWaiters(1, kNever);
  ASSERT_THAT(Schedule("urgent", start_ + absl::Milliseconds(100)), IsOk());
  // Twice the 10 ms that it takes before its deadline.
  clock_.AwaitWaiters(1, start_ + absl::Milliseconds(80));
  clock_.SetTime(start_ + absl::Milliseconds(80));
  EXPECT_THAT(ran.get(), ElementsAre("urgent"));
}

// A worker that leaves with a full batch must not leave the rest to one that sleeps for ever.
TEST_F(TaskQueueTest, WhatABatchLeavesBehindKeepsItsTimeout) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/2, /*batch_timeout=*/absl::Milliseconds(50));
  std::future<std::vector<std::string>> first = TakeAndRun();
  std::future<std::vector<std::string>> second = TakeAndRun();
  clock_.AwaitWaiters(2, kNever);
  for (const char* name : {"a", "b", "c"}) ASSERT_THAT(Schedule(name), IsOk());
  endings_.Await(2);
  clock_.AwaitWaiters(1, start_ + absl::Milliseconds(50));
  clock_.SetTime(start_ + absl::Milliseconds(50));
  first.wait();
  second.wait();
  EXPECT_THAT(endings_.names(), ElementsAre("a", "b", "c"));
}

TEST_F(TaskQueueTest, IdleWorkersShareWhatIsQueued) {
  MakeQueue();
  Gate gate;
  gate.Close();
  TaskAttributes expired;
  expired.deadline = start_;
  std::unique_ptr<Task> gated = std::make_unique<GatedTask>(expired, &gate);
  ASSERT_THAT(queue_->Schedule(&gated), IsOk());
  std::future<std::vector<std::string>> other = TakeAndRun();
  gate.AwaitArrivals(1);  // the other worker is in Take, held by the expired task
  for (const char* name : {"1", "2", "3", "4", "5"}) ASSERT_THAT(Schedule(name), IsOk());
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("1", "2", "3"));
  gate.Open();
  EXPECT_THAT(other.get(), ElementsAre("4", "5"));
}

TEST_F(TaskQueueTest, AfterStopAcceptingWorkersFinishAndStop) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/4, /*batch_timeout=*/absl::Seconds(10));
  ASSERT_THAT(Schedule("a"), IsOk());
  std::future<std::vector<std::string>> ran = TakeAndRun();
  clock_.AwaitWaiters(1, start_ + absl::Seconds(10));
  queue_->StopAccepting();
  EXPECT_THAT(ran.get(), ElementsAre("a")) << "half a batch does not wait for the rest";
  EXPECT_FALSE(queue_->Take().has_value());
  std::unique_ptr<Task> late = std::make_unique<TestTask>("late", &endings_);
  const absl::Status status = queue_->Schedule(&late);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(GetReason(status), kReasonDraining);
  EXPECT_NE(late, nullptr);
}

TEST_F(TaskQueueTest, StopAcceptingWakesEveryWaitingWorker) {
  MakeQueue();
  std::future<std::vector<std::string>> first = TakeAndRun();
  std::future<std::vector<std::string>> second = TakeAndRun();
  clock_.AwaitWaiters(2, kNever);
  queue_->StopAccepting();
  EXPECT_THAT(first.get(), ElementsAre("stop"));
  EXPECT_THAT(second.get(), ElementsAre("stop"));
}

TEST_F(TaskQueueTest, CutOffEndsWhatIsQueuedAndWhatBatchesHold) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/2);
  for (const char* name : {"runs", "in batch", "queued"}) ASSERT_THAT(Schedule(name), IsOk());
  absl::optional<Batch> batch = queue_->Take();
  ASSERT_TRUE(batch.has_value());
  const std::unique_ptr<Task> running = batch->Next();
  queue_->CutOffRest();
  EXPECT_EQ(batch->Next(), nullptr);
  EXPECT_THAT(endings_.names(), ElementsAre("queued", "in batch"));
  for (const char* name : {"queued", "in batch"}) {
    EXPECT_THAT(endings_.StatusOf(name), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(GetReason(endings_.StatusOf(name)), kReasonDraining);
  }
  EXPECT_EQ(queue_->cut_off_tasks(), 2);
}

// Nobody waits for those any more: they are not lost, and end as they would have without the cut.
TEST_F(TaskQueueTest, CutOffDoesNotCountCancelledAndExpiredTasks) {
  MakeQueue();
  const auto cancellation = std::make_shared<Cancellation>();
  ASSERT_THAT(Schedule("cancelled", kNever, TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("expired", start_ + absl::Seconds(1)), IsOk());
  ASSERT_THAT(Schedule("cut off"), IsOk());
  cancellation->Cancel();
  clock_.Advance(absl::Seconds(1));
  queue_->CutOffRest();
  EXPECT_EQ(queue_->cut_off_tasks(), 1);
  EXPECT_THAT(endings_.StatusOf("cancelled"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(endings_.StatusOf("expired"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(endings_.StatusOf("cut off"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TaskQueueTest, ADestroyedQueueEndsItsTasks) {
  MakeQueue();
  ASSERT_THAT(Schedule("a"), IsOk());
  queue_ = nullptr;
  EXPECT_THAT(endings_.StatusOf("a"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TaskQueueTest, DepthFollowsTheQueue) {
  MakeQueue(/*capacity=*/100, /*max_batch_size=*/1);
  EXPECT_EQ(queue_->depth().queued, 0);
  EXPECT_EQ(queue_->depth().oldest_age, absl::ZeroDuration());
  ASSERT_THAT(Schedule("old"), IsOk());
  clock_.Advance(absl::Seconds(2));
  ASSERT_THAT(Schedule("urgent", start_ + absl::Seconds(9)), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(queue_->depth().queued, 2);
  EXPECT_EQ(queue_->depth().oldest_age, absl::Seconds(3));
  RunAll(*queue_->Take());
  EXPECT_EQ(queue_->depth().queued, 1);
  EXPECT_EQ(queue_->depth().oldest_age, absl::Seconds(3)) << "the old one still waits";
  clock_.SetTime(start_ - absl::Hours(1));
  EXPECT_EQ(queue_->depth().oldest_age, absl::ZeroDuration());
}

// The queue has no other source of time than its clock: what the machine's clocks do meanwhile expires
// nothing.
TEST_F(TaskQueueTest, OnlyItsClockExpiresTasks) {
  MakeQueue();
  ASSERT_THAT(Schedule("one nanosecond left", start_ + absl::Nanoseconds(1)), IsOk());
  const MonotonicTime began = Clock::Real().Now();
  while (Clock::Real().Now() - began < absl::Microseconds(10)) {
  }
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("one nanosecond left"));
  ASSERT_THAT(Schedule("one hour left", start_ + absl::Hours(1)), IsOk());
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Schedule("alive"), IsOk());
  EXPECT_THAT(RunAll(*queue_->Take()), ElementsAre("alive"));
  EXPECT_THAT(endings_.StatusOf("one hour left"), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace edgenext::serving
