#include "server/batching/task_order.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/batching/test_task.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();

MonotonicTime At(int milliseconds) { return MonotonicTime::FromDuration(absl::Milliseconds(milliseconds)); }

class TaskOrderTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, int now, MonotonicTime deadline = kNever,
           TaskClass task_class = TaskClass::kInteractive,
           std::shared_ptr<Cancellation> cancellation = nullptr) {
    TaskAttributes attributes;
    attributes.deadline = deadline;
    attributes.task_class = task_class;
    order_.Add(std::make_unique<TestTask>(name, &endings_, attributes, std::move(cancellation)), At(now));
  }
  void AddBulk(const std::string& name, int now, MonotonicTime deadline = kNever) {
    Add(name, now, deadline, TaskClass::kBulk);
  }
  static std::vector<std::string> Names(const TaskOrder::Tasks& tasks) {
    std::vector<std::string> names;
    for (const std::unique_ptr<Task>& task : tasks) {
      names.push_back(static_cast<const TestTask&>(*task).name());
    }
    return names;
  }
  // As if the task began at once.
  std::string BeginNext(int now) {
    const TaskOrder::Tasks next = order_.TakeNext(1, At(now));
    order_.CountBegun(next[0]->attributes().task_class);
    return Names(next)[0];
  }

  const BatchPolicy policy_{BatchPolicy::Options()};
  Endings endings_;
  TaskOrder order_{&policy_};
};

TEST_F(TaskOrderTest, TakesByClassThenDeadlineThenArrival) {
  AddBulk("bulk", 0, At(1));
  Add("patient", 0);
  Add("late", 0, At(900));
  Add("soon", 0, At(800));
  Add("also late", 0, At(900));
  EXPECT_EQ(order_.size(), 5);
  EXPECT_EQ(order_.bulk(), 1);
  EXPECT_THAT(Names(order_.TakeNext(2, At(0))), ElementsAre("soon", "late"));
  EXPECT_THAT(Names(order_.TakeNext(3, At(0))), ElementsAre("also late", "patient", "bulk"));
  EXPECT_EQ(order_.size(), 0);
}

TEST_F(TaskOrderTest, SnapshotFollows) {
  EXPECT_EQ(order_.Snapshot().oldest, kNever);
  EXPECT_EQ(order_.Snapshot().oldest_bulk, kNever);
  EXPECT_EQ(order_.Snapshot().earliest_deadline, kNever);
  Add("1", 10);
  AddBulk("2", 20, At(500));
  AddBulk("3", 30, At(400));
  Add("4", 40, At(600));
  EXPECT_EQ(order_.Snapshot().queued, 4);
  EXPECT_EQ(order_.Snapshot().bulk, 2);
  EXPECT_EQ(order_.Snapshot().oldest, At(10));
  EXPECT_EQ(order_.Snapshot().oldest_bulk, At(20));
  EXPECT_EQ(order_.Snapshot().earliest_deadline, At(400));
  EXPECT_THAT(Names(order_.TakeNext(3, At(50))), ElementsAre("4", "1", "3"));
  EXPECT_EQ(order_.Snapshot().queued, 1);
  EXPECT_EQ(order_.Snapshot().oldest, At(20));
  EXPECT_EQ(order_.Snapshot().earliest_deadline, At(500));
}

TEST_F(TaskOrderTest, WhatIsPutBackHasItsOldPlace) {
  for (const char* name : {"1", "2", "3"}) AddBulk(name, 0, At(500));
  TaskOrder::Tasks taken = order_.TakeNext(2, At(10));
  AddBulk("4", 20, At(500));
  for (std::unique_ptr<Task>& task : taken) order_.PutBack(std::move(task));
  EXPECT_EQ(order_.oldest(), At(0));
  EXPECT_EQ(order_.size(), 4);
  EXPECT_THAT(Names(order_.TakeNext(4, At(30))), ElementsAre("1", "2", "3", "4"));
}

TEST_F(TaskOrderTest, TakesExactlyWhatHasExpired) {
  Add("after", 0, At(101));
  AddBulk("bulk", 0, At(100));
  Add("never", 0);
  Add("before", 0, At(50));
  EXPECT_THAT(Names(order_.TakeExpired(At(49))), IsEmpty());
  EXPECT_THAT(Names(order_.TakeExpired(At(100))), ElementsAre("before", "bulk"));
  EXPECT_EQ(order_.earliest_deadline(), At(101));
  EXPECT_THAT(Names(order_.TakeExpired(At(1 << 30))), ElementsAre("after"));
  EXPECT_THAT(Names(order_.TakeAll()), ElementsAre("never"));
}

TEST_F(TaskOrderTest, RoundsFindEveryCancelledTask) {
  const auto cancellation = std::make_shared<Cancellation>();
  for (int i = 0; i < 10; ++i) {
    const TaskClass task_class = i < 5 ? TaskClass::kInteractive : TaskClass::kBulk;
    Add(std::to_string(i), 0, kNever, task_class, i % 4 == 3 ? cancellation : nullptr);
  }
  EXPECT_THAT(Names(order_.TakeCancelled(4)), IsEmpty());  // looks at 0 to 3
  cancellation->Cancel();
  EXPECT_THAT(Names(order_.TakeCancelled(4)), ElementsAre("7"));  // at 4 to 7
  EXPECT_THAT(Names(order_.TakeCancelled(4)), IsEmpty());         // at 8, 9, 0 and 1
  EXPECT_THAT(Names(order_.TakeCancelled(100)), ElementsAre("3"));
  EXPECT_EQ(order_.size(), 8);
  EXPECT_THAT(Names(order_.TakeCancelled(100)), IsEmpty());
}

TEST_F(TaskOrderTest, ARoundEndsWhenEveryTaskIsGone) {
  const auto cancellation = std::make_shared<Cancellation>();
  cancellation->Cancel();
  EXPECT_THAT(Names(order_.TakeCancelled(100)), IsEmpty());
  for (const char* name : {"1", "2"}) Add(name, 0, kNever, TaskClass::kInteractive, cancellation);
  EXPECT_THAT(Names(order_.TakeCancelled(100)), ElementsAre("1", "2"));
  EXPECT_EQ(order_.size(), 0);
}

// However many interactive tasks come: bulk waits for the ageing time and then has every eighth execution.
TEST_F(TaskOrderTest, AgedBulkHasItsShareAndNoMore) {
  for (int i = 0; i < 100; ++i) AddBulk("bulk", 0);
  for (int now = 0; now < 1000; now += 10) {
    Add("interactive", now);
    EXPECT_EQ(BeginNext(now), "interactive") << now;
  }
  int bulk = 0;
  for (int i = 1; i <= 80; ++i) {
    Add("interactive", 1000);
    Add("interactive", 1000);
    bulk += BeginNext(1000) == "bulk";
    EXPECT_EQ(bulk, (i + 7) / 8) << i;
  }
}

TEST_F(TaskOrderTest, BulkThatWaitsForNobodyLosesNoTurn) {
  for (int i = 0; i < 100; ++i) AddBulk("bulk", 0);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(BeginNext(2000), "bulk");
  // An old backlog of bulk holds up no interactive task that comes now.
  for (int i = 0; i < 7; ++i) Add("interactive", 2000);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(BeginNext(2000), "interactive");
  Add("interactive", 2000);
  EXPECT_EQ(BeginNext(2000), "bulk");
}

TEST_F(TaskOrderTest, TasksThatAreTakenTogetherAreInTheSameOrder) {
  for (int i = 0; i < 3; ++i) AddBulk("B", 0);
  for (int i = 0; i < 20; ++i) Add("i", 0);
  std::string taken;
  for (const std::string& name : Names(order_.TakeNext(20, At(1000)))) taken += name;
  EXPECT_EQ(taken, "iiiiiiiBiiiiiiiBiiii");
}

// Only what begins counts: a bulk task that is put back has not had its turn.
TEST_F(TaskOrderTest, TheTurnIsHadWhenATaskBegins) {
  AddBulk("bulk", 0);
  for (int i = 0; i < 9; ++i) Add("interactive", 0);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(BeginNext(1000), "interactive");
  for (int i = 0; i < 3; ++i) {
    TaskOrder::Tasks taken = order_.TakeNext(1, At(1000));
    EXPECT_THAT(Names(taken), ElementsAre("bulk"));
    order_.PutBack(std::move(taken[0]));
  }
  EXPECT_EQ(BeginNext(1000), "bulk");
  EXPECT_EQ(BeginNext(1000), "interactive");
}

}  // namespace
}  // namespace edgenext::serving
