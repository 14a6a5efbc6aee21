// Workers that wait at the queue help others.
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/batching/task_queue.h"
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
using ::testing::IsEmpty;

constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();
constexpr int kMany = 64;

class TaskQueueSharingTest : public ::testing::Test {
 protected:
  void MakeQueue(absl::Duration batch_timeout = absl::ZeroDuration()) {
    TaskQueue::Options options;
    options.policy.batch_timeout = batch_timeout;
    options.clock = &clock_;
    queue_ = std::make_unique<TaskQueue>(options);
  }
  // Lets everybody go: workers that are idle end, those that help end after it.
  void TearDown() override {
    gate_.Open();
    sharers_.clear();
    queue_->StopAccepting();
  }

  // So many workers, which wait at the queue until it stops and run what they take.
  void StartWorkers(int workers) {
    for (int i = 0; i < workers; ++i) {
      workers_.push_back(std::async(std::launch::async, [this] {
        while (absl::optional<Batch> batch = queue_->Take()) RunAll(*std::move(batch));
      }));
    }
    clock_.AwaitWaiters(workers, kNever);
  }

  absl::Status Schedule(const std::string& name) {
    std::unique_ptr<Task> task = std::make_unique<TestTask>(name, &endings_);
    return queue_->Schedule(&task);
  }

  // How many threads ran the work.
  int Share(int most_threads) {
    int result = 0;
    queue_->Share(most_threads, [&](int thread, int threads) {
      if (thread == 0) result = threads;
    });
    return result;
  }
  // On a thread of its own, all of whose threads are at the closed gate when this returns.
  std::shared_future<int> ShareAndHold(int most_threads, int expected_threads) {
    gate_.Close();
    at_gate_ += expected_threads;
    sharers_.push_back(std::async(std::launch::async, [this, most_threads] {
                         int result = 0;
                         queue_->Share(most_threads, [&](int thread, int threads) {
                           if (thread == 0) result = threads;
                           gate_.Pass();
                         });
                         return result;
                       }).share());
    gate_.AwaitArrivals(at_gate_);
    return sharers_.back();
  }

  SimulatedClock clock_;
  Endings endings_;
  Gate gate_;
  int at_gate_ = 0;
  std::unique_ptr<TaskQueue> queue_;
  std::vector<std::shared_future<int>> sharers_;
  std::vector<std::future<void>> workers_;  // end before the queue
};

TEST_F(TaskQueueSharingTest, AWorkerIsAloneWhenNobodyIsIdle) {
  MakeQueue();
  EXPECT_EQ(Share(kMany), 1);
  EXPECT_EQ(queue_->sharing().runs, 0);
}

// All at the same time, each with a number and a thread of its own: each waits for the others.
TEST_F(TaskQueueSharingTest, IdleWorkersHelp) {
  MakeQueue();
  StartWorkers(3);
  for (int run = 1; run <= 50; ++run) {
    std::mutex mu;
    std::set<int> numbers;
    std::set<pid_t> threads_seen;
    std::atomic<int> arrived = 0;
    const pid_t caller = gettid();
    clock_.AwaitWaiters(3, kNever);
    queue_->Share(kMany, [&](int thread, int threads) {
      EXPECT_EQ(threads, 4);
      EXPECT_EQ(thread == 0, gettid() == caller);
      {
        std::lock_guard<std::mutex> lock(mu);
        numbers.insert(thread);
        threads_seen.insert(gettid());
      }
      ++arrived;
      while (arrived < threads) std::this_thread::yield();
    });
    EXPECT_THAT(numbers, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(threads_seen.size(), 4u);
    EXPECT_EQ(queue_->sharing().runs, run);
  }
}

TEST_F(TaskQueueSharingTest, NoMoreWorkersHelpThanAreWanted) {
  MakeQueue();
  StartWorkers(3);
  EXPECT_EQ(Share(2), 2);
  clock_.AwaitWaiters(3, kNever);
  EXPECT_EQ(Share(1), 1);
}

TEST_F(TaskQueueSharingTest, AWorkerHelpsOneAtATime) {
  MakeQueue();
  StartWorkers(3);
  const std::shared_future<int> first = ShareAndHold(3, 3);
  const std::shared_future<int> second = ShareAndHold(3, 2);
  EXPECT_EQ(Share(3), 1);
  gate_.Open();
  EXPECT_EQ(first.get(), 3);
  EXPECT_EQ(second.get(), 2);
}

TEST_F(TaskQueueSharingTest, NobodyHelpsWhileATaskIsQueued) {
  MakeQueue(/*batch_timeout=*/absl::Milliseconds(50));
  StartWorkers(2);
  const MonotonicTime timeout = clock_.Now() + absl::Milliseconds(50);
  ASSERT_THAT(Schedule("a"), IsOk());
  clock_.AwaitWaiters(1, timeout);
  EXPECT_EQ(Share(kMany), 1);
  clock_.SetTime(timeout);
  endings_.Await(1);
}

TEST_F(TaskQueueSharingTest, ATaskThatComesMeanwhileGoesToAnIdleWorker) {
  MakeQueue();
  StartWorkers(2);
  const std::shared_future<int> held = ShareAndHold(2, 2);
  ASSERT_THAT(Schedule("a"), IsOk());
  endings_.Await(1);  // with the gate closed
  gate_.Open();
  EXPECT_EQ(held.get(), 2);
}

TEST_F(TaskQueueSharingTest, WithoutAnIdleWorkerItWaitsForTheEnd) {
  MakeQueue();
  StartWorkers(2);
  const std::shared_future<int> held = ShareAndHold(kMany, 3);
  ASSERT_THAT(Schedule("a"), IsOk());
  EXPECT_EQ(queue_->depth().queued, 1);
  EXPECT_THAT(endings_.names(), IsEmpty());
  gate_.Open();
  endings_.Await(1);
  EXPECT_EQ(held.get(), 3);
}

TEST_F(TaskQueueSharingTest, HelpersFinishTheirPartBeforeTheyStop) {
  MakeQueue();
  StartWorkers(2);
  const std::shared_future<int> held = ShareAndHold(kMany, 3);
  queue_->CutOffRest();
  gate_.Open();
  EXPECT_EQ(held.get(), 3);
  for (std::future<void>& worker : workers_) worker.get();
  EXPECT_EQ(Share(kMany), 1) << "the workers are gone";
}

// A worker that is called and has not come yet helps nobody else, and comes even if the queue is empty for
// good.
TEST_F(TaskQueueSharingTest, AWorkerThatIsCalledComes) {
  MakeQueue();
  gate_.Close();
  TaskAttributes expired;
  expired.deadline = clock_.Now();
  std::unique_ptr<Task> gated = std::make_unique<GatedTask>(expired, &gate_);
  ASSERT_THAT(queue_->Schedule(&gated), IsOk());
  workers_.push_back(std::async(std::launch::async, [this] { EXPECT_FALSE(queue_->Take().has_value()); }));
  gate_.AwaitArrivals(1);  // in Take, held by the expired task
  std::future<int> first = std::async(std::launch::async, [this] { return Share(kMany); });
  while (queue_->sharing().runs == 0) std::this_thread::yield();
  EXPECT_EQ(Share(kMany), 1);
  queue_->StopAccepting();
  gate_.Open();
  EXPECT_EQ(first.get(), 2);
}

TEST_F(TaskQueueSharingTest, TheTimeOfHelpersIsCounted) {
  MakeQueue();
  StartWorkers(2);
  const std::shared_future<int> held = ShareAndHold(kMany, 3);
  clock_.Advance(absl::Seconds(5));
  gate_.Open();
  held.wait();
  clock_.AwaitWaiters(2, kNever);
  EXPECT_EQ(queue_->sharing().time, absl::Seconds(10));
  EXPECT_EQ(queue_->sharing().runs, 1);
}

}  // namespace
}  // namespace edgenext::serving
