// Any mix of batch sizes, timeouts, deadlines, classes, cancellations, faults and ends, step by step on one
// thread: what must hold for a queue holds after every step, and each task ends exactly once.
#include <algorithm>
#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/batching/task_queue.h"

namespace edgenext::serving {
namespace {

// Whoever waits calls `on_wait` instead, with no lock held, which makes something happen.
class SteppedClock final : public Clock {
 public:
  MonotonicTime Now() const override { return now_; }
  void WaitUntil(std::condition_variable&, std::unique_lock<std::mutex>& lock,
                 MonotonicTime deadline) override {
    lock.unlock();
    on_wait_(deadline);
    lock.lock();
  }
  void Set(MonotonicTime now) { now_ = now; }
  void SetOnWait(std::function<void(MonotonicTime)> on_wait) { on_wait_ = std::move(on_wait); }

 private:
  MonotonicTime now_ = MonotonicTime::FromDuration(absl::Hours(1));
  std::function<void(MonotonicTime)> on_wait_;
};

// What the test knows of a task. Outlives it.
struct Record {
  TaskAttributes attributes;
  std::shared_ptr<Cancellation> cancellation = std::make_shared<Cancellation>();
  bool accepted = false;
  bool begun = false;
  bool ran = false;
  std::vector<absl::Status> abandoned;
};

class RecordedTask final : public Task {
 public:
  explicit RecordedTask(Record* record) : Task(record->attributes, record->cancellation), record_(record) {}

  void OnBegin() override {
    EXPECT_FALSE(record_->begun) << "it begins twice";
    record_->begun = true;
  }
  void Abandon(absl::Status why) override { record_->abandoned.push_back(std::move(why)); }
  Record& record() const { return *record_; }

 private:
  Record* const record_;
};

// A queue, and workers of which each has a batch or none.
class RandomQueue {
 public:
  explicit RandomQueue(unsigned seed) : random_(seed) {
    options_.capacity = Draw(1, 40);
    options_.policy.max_batch_size = Draw(1, 8);
    options_.policy.batch_timeout = absl::Milliseconds(std::max(Draw(-50, 50), 0));
    options_.clock = &clock_;
    bulk_percent_ = Draw(0, 100);
    queue_ = std::make_unique<TaskQueue>(options_);
    queue_->SetCostTable(CostTable({{1, absl::Milliseconds(10)}, {8, absl::Milliseconds(Draw(20, 80))}}));
    workers_.resize(static_cast<size_t>(Draw(1, 4)));
    clock_.SetOnWait([this](MonotonicTime wake_at) {
      if (wake_at == MonotonicTime::InfiniteFuture()) {
        Schedule();
      } else {
        clock_.Set(wake_at);
      }
    });
  }

  void Step() {
    switch (Draw(0, 9)) {
      case 0:
      case 1:
        for (int images = Draw(1, 6); images > 0; --images) Schedule();
        return;
      case 2:
        return Advance(Draw(1, 100));
      case 3:
        if (!records_.empty()) Any(records_)->cancellation->Cancel();
        return;
      case 4:
        if (Draw(0, 9) == 0) Any(workers_) = nullptr;  // its function has failed half-way
        return;
      default:
        Work(Any(workers_));
    }
  }

  // By a drain that finishes everything, by a cut-off, or by the end of the queue.
  void End() {
    const int way = Draw(0, 2);
    if (way == 0) {
      queue_->StopAccepting();
      for (std::unique_ptr<Batch>& worker : workers_) {
        while (Work(worker)) {
        }
      }
    } else if (way == 1) {
      queue_->CutOffRest();
    }
    const bool drained = way == 0;
    for (std::unique_ptr<Batch>& worker : workers_) {
      while (worker != nullptr) Work(worker);
    }
    EXPECT_EQ(way == 2 ? 0 : queue_->depth().queued, 0);
    queue_ = nullptr;
    for (const std::unique_ptr<Record>& record : records_) CheckEnd(*record, drained);
  }

  std::array<int, 2> ran() const { return ran_; }  // of each class

 private:
  int Draw(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  template <typename T>
  T& Any(std::vector<T>& values) {
    return values[static_cast<size_t>(Draw(0, static_cast<int>(values.size()) - 1))];
  }
  void Advance(int milliseconds) { clock_.Set(clock_.Now() + absl::Milliseconds(milliseconds)); }
  int Interactive() const { return queue_->depth().queued - queue_->depth().bulk; }

  void Schedule() {
    records_.push_back(std::make_unique<Record>());
    Record& record = *records_.back();
    if (Draw(1, 100) <= bulk_percent_) record.attributes.task_class = TaskClass::kBulk;
    if (Draw(0, 2) != 0) record.attributes.deadline = clock_.Now() + absl::Milliseconds(Draw(-10, 3000));
    std::unique_ptr<Task> task = std::make_unique<RecordedTask>(&record);
    record.accepted = queue_->Schedule(&task).ok();
    EXPECT_EQ(record.accepted, task == nullptr);
    if (!record.accepted) {
      EXPECT_GE(queue_->depth().queued, options_.capacity);
    }
  }

  // The worker takes a batch, or asks the one it has for the next task. False: there will be nothing more.
  bool Work(std::unique_ptr<Batch>& worker) {
    if (worker == nullptr) {
      absl::optional<Batch> batch = queue_->Take();
      if (!batch) return false;
      EXPECT_GE(batch->size(), 1);
      EXPECT_LE(batch->size(), options_.policy.max_batch_size);
      worker = std::make_unique<Batch>(*std::move(batch));
      return true;
    }
    const std::unique_ptr<Task> task = worker->Next();
    if (task == nullptr) {
      worker = nullptr;
    } else {
      Execute(static_cast<RecordedTask&>(*task).record());
    }
    return true;
  }

  void Execute(Record& record) {
    EXPECT_TRUE(record.begun);
    EXPECT_FALSE(record.ran);
    EXPECT_GT(record.attributes.deadline, clock_.Now());
    EXPECT_FALSE(record.cancellation->cancelled());
    record.ran = true;
    const bool bulk = record.attributes.task_class == TaskClass::kBulk;
    ++ran_[bulk ? 1 : 0];
    // No worker was idle: bulk begins only where no interactive task waits, or as every eighth.
    if (bulk && Interactive() > 0) {
      EXPECT_GE(interactive_since_bulk_, 7);
    }
    interactive_since_bulk_ = bulk ? 0 : interactive_since_bulk_ + 1;
    Advance(Draw(0, 20));
  }

  static void CheckEnd(const Record& record, bool drained) {
    const size_t ends = record.abandoned.size() + (record.ran ? 1 : 0);
    EXPECT_EQ(ends, record.accepted ? 1u : 0u);
    EXPECT_EQ(record.begun, record.ran);
    if (record.abandoned.empty()) return;
    switch (record.abandoned[0].code()) {
      case absl::StatusCode::kDeadlineExceeded:
        EXPECT_NE(record.attributes.deadline, MonotonicTime::InfiniteFuture());
        break;
      case absl::StatusCode::kCancelled:
        EXPECT_TRUE(record.cancellation->cancelled());
        break;
      case absl::StatusCode::kUnavailable:
        EXPECT_FALSE(drained) << "a drain has lost it";
        break;
      default:
        EXPECT_EQ(record.abandoned[0].code(), absl::StatusCode::kInternal) << "its batch ended early";
    }
  }

  std::mt19937 random_;
  SteppedClock clock_;
  TaskQueue::Options options_;
  int bulk_percent_ = 0;
  std::vector<std::unique_ptr<Record>> records_;
  std::unique_ptr<TaskQueue> queue_;
  std::vector<std::unique_ptr<Batch>> workers_;
  int interactive_since_bulk_ = 0;
  std::array<int, 2> ran_ = {};
};

TEST(TaskQueuePropertyTest, EveryTaskEndsExactlyOnceAndInItsOrder) {
  std::array<int, 2> ran = {};
  for (unsigned seed = 0; seed < 400 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomQueue queue(seed);
    for (int step = 0; step < 300; ++step) queue.Step();
    queue.End();
    ran[0] += queue.ran()[0];
    ran[1] += queue.ran()[1];
  }
  // They did what they are for.
  EXPECT_GT(ran[0], 4000);
  EXPECT_GT(ran[1], 4000);
}

}  // namespace
}  // namespace edgenext::serving
