#ifndef SERVER_BATCHING_TASK_H_
#define SERVER_BATCHING_TASK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// Interactive tasks go before bulk ones, to which a share of the work is left (BatchPolicy).
enum class TaskClass { kInteractive, kBulk };

// What the queue knows of a task. A value type.
struct TaskAttributes {
  MonotonicTime deadline = MonotonicTime::InfiniteFuture();
  TaskClass task_class = TaskClass::kInteractive;
  std::string client_key;  // whose task it is, for fair shares
  size_t bytes = 0;        // memory that the task holds
};

// Set once by the call that owns a group of tasks; looked at before each of them. Thread-safe.
class Cancellation {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_release); }
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> cancelled_{false};
};

// One image on its way through the queue. The batching room knows no more of it than this; the function that
// runs a batch knows the derived type. Owned by whoever holds the unique_ptr: caller → queue → batch.
class Task {
 public:
  Task(TaskAttributes attributes, std::shared_ptr<Cancellation> cancellation)
      : attributes_(std::move(attributes)), cancellation_(std::move(cancellation)) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // A worker begins with the task, which waits no longer. Called once, before the task is handed to the batch
  // function, and never for one that is abandoned.
  virtual void OnBegin() {}
  // The task ends without having run: DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED (the queue is full),
  // UNAVAILABLE (draining) or INTERNAL (its batch ended early). Called at most once, and never for a task
  // that was handed to the batch function.
  virtual void Abandon(absl::Status why) = 0;

  const TaskAttributes& attributes() const { return attributes_; }
  bool cancelled() const { return cancellation_ != nullptr && cancellation_->cancelled(); }

  // Set by the queue when it accepts the task: its place there.
  MonotonicTime scheduled_at;
  uint64_t arrival = 0;

 private:
  const TaskAttributes attributes_;
  const std::shared_ptr<Cancellation> cancellation_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_TASK_H_
