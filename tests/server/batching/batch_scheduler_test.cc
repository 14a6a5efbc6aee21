#include "server/batching/batch_scheduler.h"

#include <pthread.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/gate.h"
#include "tests/testing/simulated_clock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::Gate;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::SimulatedClock;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();

// A scheduler on a simulated clock whose workers pass a gate before each task.
class BatchSchedulerTest : public ::testing::Test {
 protected:
  // Let go of workers that a failed test has left at the gate.
  void TearDown() override { gate_.Open(); }

  void MakeScheduler(const BatchScheduler::Options& base = {}) {
    BatchScheduler::Options options = base;
    options.queue.clock = &clock_;
    scheduler_ = std::make_unique<BatchScheduler>(options);
    scheduler_->SetCostTable(CostTable(
        {{1, absl::Milliseconds(10)}, {options.queue.policy.max_batch_size, absl::Milliseconds(11)}}));
  }
  static BatchScheduler::Options Batches(int max_batch_size, absl::Duration timeout = absl::ZeroDuration()) {
    BatchScheduler::Options options;
    options.queue.policy.max_batch_size = max_batch_size;
    options.queue.policy.batch_timeout = timeout;
    return options;
  }

  absl::Status Start() {
    return scheduler_->Start(
        [this](int) { return BatchFunction([this](Batch batch) { RunBatch(std::move(batch)); }); });
  }

  void RunBatch(Batch batch) {
    {
      std::lock_guard<std::mutex> lock(mu_);
      batches_.push_back({batch.size(), batch.reason()});
    }
    while (std::unique_ptr<Task> task = batch.Next()) {
      auto& test_task = static_cast<TestTask&>(*task);
      gate_.Pass();
      test_task.Finish(test_task.name() == "faulty" ? absl::InternalError("fault") : absl::OkStatus());
    }
  }

  absl::Status Schedule(const std::string& name, MonotonicTime deadline = kNever,
                        TaskClass task_class = TaskClass::kInteractive,
                        std::shared_ptr<Cancellation> cancellation = nullptr) {
    std::unique_ptr<Task> task = MakeTestTask(name, &endings_, deadline, task_class, std::move(cancellation));
    return scheduler_->Schedule(&task);
  }

  // Occupies the only worker with the task "held", so that what is scheduled next waits in the queue.
  void HoldWorker() {
    gate_.Close();
    ASSERT_THAT(Schedule("held"), IsOk());
    gate_.AwaitArrivals(1);
  }

  struct RanBatch {
    int size;
    TakeReason reason;
    friend bool operator==(const RanBatch& a, const RanBatch& b) {
      return a.size == b.size && a.reason == b.reason;
    }
  };
  std::vector<RanBatch> batches() {
    std::lock_guard<std::mutex> lock(mu_);
    return batches_;
  }

  SimulatedClock clock_;
  const MonotonicTime start_ = clock_.Now();
  Endings endings_;
  Gate gate_;
  std::mutex mu_;
  std::vector<RanBatch> batches_;  // guarded by mu_
  std::unique_ptr<BatchScheduler> scheduler_;
};

TEST_F(BatchSchedulerTest, RunsWhatIsScheduledBeforeAndAfterStart) {
  MakeScheduler();
  ASSERT_THAT(Schedule("before"), IsOk());
  ASSERT_THAT(Start(), IsOk());
  ASSERT_THAT(Schedule("after"), IsOk());
  endings_.Await(2);
  EXPECT_THAT(endings_.StatusOf("before"), IsOk());
  EXPECT_THAT(endings_.StatusOf("after"), IsOk());
}

TEST_F(BatchSchedulerTest, ABatchGrowsWhileTheWorkerIsBusy) {
  MakeScheduler(Batches(3));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  for (const char* name : {"1", "2", "3", "4"}) ASSERT_THAT(Schedule(name), IsOk());
  gate_.Open();
  endings_.Await(5);
  EXPECT_THAT(endings_.names(), ElementsAre("held", "1", "2", "3", "4"));
  EXPECT_THAT(batches(), ElementsAre(RanBatch{1, TakeReason::kIdle}, RanBatch{3, TakeReason::kFull},
                                     RanBatch{1, TakeReason::kIdle}));
}

TEST_F(BatchSchedulerTest, EachTaskEndsWhenItIsDoneAndNotWithItsBatch) {
  MakeScheduler(Batches(3));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  for (const char* name : {"1", "2", "3"}) ASSERT_THAT(Schedule(name), IsOk());
  gate_.Let(2);
  gate_.AwaitArrivals(3);
  EXPECT_THAT(endings_.names(), ElementsAre("held", "1"));
}

TEST_F(BatchSchedulerTest, AShortBatchWaitsForTheTimeout) {
  MakeScheduler(Batches(4, absl::Milliseconds(50)));
  ASSERT_THAT(Start(), IsOk());
  ASSERT_THAT(Schedule("1"), IsOk());
  ASSERT_THAT(Schedule("2"), IsOk());
  clock_.AwaitWaiters(1, start_ + absl::Milliseconds(50));
  clock_.Advance(absl::Milliseconds(50));
  endings_.Await(2);
  EXPECT_THAT(batches(), ElementsAre(RanBatch{2, TakeReason::kTimeout}));
}

TEST_F(BatchSchedulerTest, InteractiveTasksOvertakeBulk) {
  MakeScheduler(Batches(1));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  for (const char* name : {"bulk 1", "bulk 2"}) ASSERT_THAT(Schedule(name, kNever, TaskClass::kBulk), IsOk());
  ASSERT_THAT(Schedule("interactive"), IsOk());
  gate_.Open();
  endings_.Await(4);
  EXPECT_THAT(endings_.names(), ElementsAre("held", "interactive", "bulk 1", "bulk 2"));
}

// Between two images, so that it waits for one execution at most.
TEST_F(BatchSchedulerTest, ABatchOfBulkGivesWay) {
  MakeScheduler(Batches(64));
  gate_.Close();
  for (int i = 0; i < 64; ++i) ASSERT_THAT(Schedule(std::to_string(i), kNever, TaskClass::kBulk), IsOk());
  ASSERT_THAT(Start(), IsOk());
  gate_.Let(3);
  gate_.AwaitArrivals(4);
  ASSERT_THAT(Schedule("interactive"), IsOk());
  gate_.Let(2);
  endings_.Await(5);
  EXPECT_THAT(endings_.names(), ElementsAre("0", "1", "2", "3", "interactive"));
  gate_.Open();
  EXPECT_EQ(scheduler_->Stop(kNever), 0);
  EXPECT_THAT(endings_.names(), SizeIs(65));
  EXPECT_EQ(endings_.names().back(), "63");
  EXPECT_EQ(batches()[0], (RanBatch{64, TakeReason::kFull}));
}

TEST_F(BatchSchedulerTest, TasksEndAtTheirDeadlinesWhileTheWorkersAreBusy) {
  MakeScheduler(Batches(1));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  ASSERT_THAT(Schedule("expires", start_ + absl::Seconds(1)), IsOk());
  clock_.AwaitWaiters(1, start_ + absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  endings_.Await(1);
  EXPECT_THAT(endings_.StatusOf("expires"), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(BatchSchedulerTest, AFullQueueRefusesUntilAWorkerTakes) {
  BatchScheduler::Options options = Batches(1);
  options.queue.capacity = 2;
  MakeScheduler(options);
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  ASSERT_THAT(Schedule("1"), IsOk());
  ASSERT_THAT(Schedule("2"), IsOk());
  EXPECT_THAT(Schedule("3"), StatusIs(absl::StatusCode::kResourceExhausted));
  gate_.Let(1);
  gate_.AwaitArrivals(2);  // the worker has taken "1"
  EXPECT_THAT(Schedule("4"), IsOk());
  gate_.Open();
  endings_.Await(4);
  EXPECT_THAT(endings_.names(), ElementsAre("held", "1", "2", "4"));
}

TEST_F(BatchSchedulerTest, CancelledAndExpiredTasksDoNotRun) {
  MakeScheduler(Batches(8));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  const auto cancellation = std::make_shared<Cancellation>();
  ASSERT_THAT(Schedule("cancelled 1", kNever, TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("cancelled 2", kNever, TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("expired", start_ + absl::Seconds(1)), IsOk());
  ASSERT_THAT(Schedule("alive", start_ + absl::Seconds(2)), IsOk());
  cancellation->Cancel();
  clock_.Advance(absl::Seconds(1));
  gate_.Open();
  endings_.Await(5);
  EXPECT_THAT(endings_.StatusOf("cancelled 1"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(endings_.StatusOf("cancelled 2"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(endings_.StatusOf("expired"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(endings_.StatusOf("alive"), IsOk());
}

TEST_F(BatchSchedulerTest, CancelledWithinItsBatchATaskDoesNotRun) {
  MakeScheduler(Batches(8));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  const auto cancellation = std::make_shared<Cancellation>();
  ASSERT_THAT(Schedule("1", start_ + absl::Hours(1)), IsOk());
  ASSERT_THAT(Schedule("2", start_ + absl::Hours(2), TaskClass::kInteractive, cancellation), IsOk());
  ASSERT_THAT(Schedule("3", start_ + absl::Hours(3)), IsOk());
  gate_.Let(1);
  gate_.AwaitArrivals(2);  // "1" is running, the batch holds "2" and "3"
  cancellation->Cancel();
  gate_.Open();
  endings_.Await(4);
  EXPECT_THAT(endings_.StatusOf("2"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(endings_.StatusOf("3"), IsOk());
}

TEST_F(BatchSchedulerTest, AFaultEndsExactlyItsOwnTask) {
  MakeScheduler(Batches(8));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  for (const char* name : {"1", "faulty", "3"}) ASSERT_THAT(Schedule(name), IsOk());
  gate_.Open();
  endings_.Await(4);
  EXPECT_THAT(endings_.StatusOf("1"), IsOk());
  EXPECT_THAT(endings_.StatusOf("faulty"), StatusIs(absl::StatusCode::kInternal, HasSubstr("fault")));
  EXPECT_THAT(endings_.StatusOf("3"), IsOk());
}

TEST_F(BatchSchedulerTest, StopFinishesHalfABatch) {
  MakeScheduler(Batches(8, absl::Hours(1)));
  ASSERT_THAT(Start(), IsOk());
  for (const char* name : {"1", "2", "3"}) ASSERT_THAT(Schedule(name), IsOk());
  EXPECT_EQ(scheduler_->Stop(kNever), 0);
  EXPECT_THAT(endings_.names(), ElementsAre("1", "2", "3"));
  EXPECT_THAT(batches(), ElementsAre(RanBatch{3, TakeReason::kDrain}));
  EXPECT_THAT(Schedule("late"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(scheduler_->Stop(kNever), 0) << "again";
}

TEST_F(BatchSchedulerTest, StopCutsOffAtItsDeadline) {
  MakeScheduler(Batches(2));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  for (const char* name : {"1", "2", "3"}) ASSERT_THAT(Schedule(name), IsOk());
  gate_.Let(1);
  gate_.AwaitArrivals(2);  // "1" is running, its batch holds "2", the queue "3"
  int cut_off = 0;
  std::thread stop([&] { cut_off = scheduler_->Stop(start_ + absl::Seconds(20)); });
  clock_.AwaitWaiters(1, start_ + absl::Seconds(20));
  EXPECT_THAT(endings_.names(), ElementsAre("held"));
  clock_.Advance(absl::Seconds(20));
  endings_.Await(2);
  EXPECT_THAT(endings_.StatusOf("3"), StatusIs(absl::StatusCode::kUnavailable));
  gate_.Open();
  stop.join();
  EXPECT_EQ(cut_off, 2);
  EXPECT_THAT(endings_.StatusOf("1"), IsOk()) << "what had begun is finished";
  EXPECT_THAT(endings_.StatusOf("2"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(BatchSchedulerTest, ASecondStopShortensTheFirst) {
  MakeScheduler(Batches(1));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  ASSERT_THAT(Schedule("1"), IsOk());
  std::thread first([&] { EXPECT_EQ(scheduler_->Stop(kNever), 1); });
  clock_.AwaitWaiters(1, kNever);
  std::thread second([&] { EXPECT_EQ(scheduler_->Stop(start_), 1); });
  endings_.Await(1);
  gate_.Open();
  first.join();
  second.join();
  EXPECT_THAT(endings_.StatusOf("held"), IsOk());
  EXPECT_THAT(endings_.StatusOf("1"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(BatchSchedulerTest, ASecondStopDoesNotLengthenTheFirst) {
  MakeScheduler(Batches(1));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  ASSERT_THAT(Schedule("1"), IsOk());
  const MonotonicTime deadline = start_ + absl::Seconds(20);
  std::thread first([&] { EXPECT_EQ(scheduler_->Stop(deadline), 1); });
  clock_.AwaitWaiters(1, deadline);
  std::thread second([&] { EXPECT_EQ(scheduler_->Stop(kNever), 1); });
  clock_.AwaitWaiters(2, deadline);
  clock_.SetTime(deadline);
  endings_.Await(1);
  gate_.Open();
  first.join();
  second.join();
}

TEST_F(BatchSchedulerTest, DestroyedInTheMiddleOfWorkItLosesNothing) {
  MakeScheduler(Batches(2));
  ASSERT_THAT(Start(), IsOk());
  HoldWorker();
  for (const char* name : {"1", "2", "3"}) ASSERT_THAT(Schedule(name), IsOk());
  std::thread destroyer([&] { scheduler_ = nullptr; });
  endings_.Await(3);
  gate_.Open();
  destroyer.join();
  EXPECT_THAT(endings_.StatusOf("held"), IsOk());
  for (const char* name : {"1", "2", "3"}) {
    EXPECT_THAT(endings_.StatusOf(name), StatusIs(absl::StatusCode::kUnavailable)) << name;
  }
}

TEST_F(BatchSchedulerTest, NeverStartedItEndsWhatWasScheduled) {
  MakeScheduler();
  ASSERT_THAT(Schedule("1"), IsOk());
  EXPECT_EQ(scheduler_->Stop(kNever), 1);
  EXPECT_THAT(endings_.StatusOf("1"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(BatchSchedulerTest, EveryWorkerMakesItsFunctionOnItsOwnThread) {
  BatchScheduler::Options options;
  options.workers = 3;
  options.name = "tester";
  MakeScheduler(options);
  std::mutex mu;
  std::set<std::thread::id> made_on;
  std::set<std::string> names;
  std::atomic<int> destroyed_elsewhere{0};
  ASSERT_THAT(scheduler_->Start([&](int) -> absl::StatusOr<BatchFunction> {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    std::lock_guard<std::mutex> lock(mu);
    made_on.insert(std::this_thread::get_id());
    names.insert(name);
    const auto check = [&destroyed_elsewhere, thread = std::this_thread::get_id()](int*) {
      if (std::this_thread::get_id() != thread) ++destroyed_elsewhere;
    };
    return BatchFunction([owned = std::shared_ptr<int>(nullptr, check)](Batch) {});
  }),
              IsOk());
  scheduler_->Stop(kNever);
  EXPECT_EQ(made_on.size(), 3u);
  EXPECT_EQ(made_on.count(std::this_thread::get_id()), 0u);
  EXPECT_THAT(names, UnorderedElementsAre("tester-0", "tester-1", "tester-2"));
  EXPECT_EQ(destroyed_elsewhere, 0);
}

TEST_F(BatchSchedulerTest, AFactorysErrorEndsStartAndAllWorkers) {
  BatchScheduler::Options options;
  options.workers = 3;
  MakeScheduler(options);
  ASSERT_THAT(Schedule("1"), IsOk());
  EXPECT_THAT(scheduler_->Start([&](int index) -> absl::StatusOr<BatchFunction> {
    if (index == 1) return absl::DataLossError("no memory for worker 1");
    return BatchFunction([](Batch batch) { RunAll(std::move(batch)); });
  }),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("worker 1")));
  EXPECT_THAT(endings_.names(), IsEmpty()) << "the others must not have begun";
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(scheduler_->Stop(kNever), 1);
  EXPECT_THAT(endings_.StatusOf("1"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(BatchSchedulerTest, OptionsThatMakeNoSenseAreRefused) {
  BatchScheduler::Options options;
  options.workers = 0;
  MakeScheduler(options);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument));
  options.workers = 3;
  options.pin_to_cpus = {0, 1};
  MakeScheduler(options);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("3 workers and 2 CPUs")));
}

TEST_F(BatchSchedulerTest, AWorkerThatCannotBePinnedEndsStart) {
  BatchScheduler::Options options;
  options.pin_to_cpus = {1023};
  MakeScheduler(options);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("CPU 1023")));
}

TEST_F(BatchSchedulerTest, BusyTimeCountsBatchesThatRunToo) {
  MakeScheduler(Batches(1));
  ASSERT_THAT(Start(), IsOk());
  clock_.Advance(absl::Seconds(100));
  EXPECT_EQ(scheduler_->busy(), absl::ZeroDuration());
  HoldWorker();
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(scheduler_->busy(), absl::Seconds(3));
  gate_.Open();
  EXPECT_EQ(scheduler_->Stop(kNever), 0);
  clock_.Advance(absl::Seconds(100));
  EXPECT_EQ(scheduler_->busy(), absl::Seconds(3));
}

}  // namespace
}  // namespace edgenext::serving
