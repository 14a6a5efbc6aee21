#ifndef TESTS_SERVER_BATCHING_TASK_QUEUE_FIXTURE_H_
#define TESTS_SERVER_BATCHING_TASK_QUEUE_FIXTURE_H_

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/batching/task_queue.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/simulated_clock.h"

namespace edgenext::serving {

// A queue of TestTasks on a simulated clock.
class TaskQueueTest : public ::testing::Test {
 protected:
  static constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();

  void MakeQueue(int capacity = 100, int max_batch_size = 8,
                 absl::Duration batch_timeout = absl::ZeroDuration()) {
    TaskQueue::Options options;
    options.capacity = capacity;
    options.policy.max_batch_size = max_batch_size;
    options.policy.batch_timeout = batch_timeout;
    options.is_out_of_reach = [this](MonotonicTime deadline) {
      return deadline - clock_.Now() < image_time_;
    };
    options.clock = &clock_;
    queue_ = std::make_unique<TaskQueue>(options);
    // Batches up to the limit pay.
    queue_->SetCostTable(CostTable({{1, absl::Milliseconds(10)}, {max_batch_size, absl::Milliseconds(11)}}));
  }

  absl::Status Schedule(const std::string& name, MonotonicTime deadline = kNever,
                        TaskClass task_class = TaskClass::kInteractive,
                        std::shared_ptr<Cancellation> cancellation = nullptr) {
    std::unique_ptr<Task> task = MakeTestTask(name, &endings_, deadline, task_class, std::move(cancellation));
    return queue_->Schedule(&task);
  }

  // Take on a thread of its own, which runs the whole batch; the names of those that ran.
  std::future<std::vector<std::string>> TakeAndRun() {
    return std::async(std::launch::async, [this] {
      absl::optional<Batch> batch = queue_->Take();
      return batch ? RunAll(*std::move(batch)) : std::vector<std::string>{"stop"};
    });
  }

  testing::SimulatedClock clock_;
  const MonotonicTime start_ = clock_.Now();
  absl::Duration image_time_;  // tasks with nearer deadlines do not begin
  Endings endings_;
  std::unique_ptr<TaskQueue> queue_;
};

}  // namespace edgenext::serving

#endif  // TESTS_SERVER_BATCHING_TASK_QUEUE_FIXTURE_H_
