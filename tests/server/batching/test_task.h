#ifndef TESTS_SERVER_BATCHING_TEST_TASK_H_
#define TESTS_SERVER_BATCHING_TEST_TASK_H_

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/base/clock.h"
#include "server/batching/batch.h"
#include "server/batching/task.h"
#include "tests/testing/gate.h"

namespace edgenext::serving {

// How each task ended, in the order of their ends. Thread-safe.
class Endings {
 public:
  struct Ending {
    std::string name;
    absl::Status status;  // OK: it ran
  };

  void Add(std::string name, absl::Status status) {
    std::lock_guard<std::mutex> lock(mu_);
    endings_.push_back({std::move(name), std::move(status)});
    changed_.notify_all();
  }

  // Blocks until that many tasks have ended.
  void Await(size_t count) {
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait(lock, [this, count] { return endings_.size() >= count; });
  }

  std::vector<Ending> all() const {
    std::lock_guard<std::mutex> lock(mu_);
    return endings_;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Ending& ending : all()) names.push_back(ending.name);
    return names;
  }
  // Of the one task of that name; UNKNOWN if none or several have ended.
  absl::Status StatusOf(const std::string& name) const {
    const std::vector<Ending> endings = all();
    const auto has_name = [&name](const Ending& ending) { return ending.name == name; };
    if (std::count_if(endings.begin(), endings.end(), has_name) != 1) {
      return absl::UnknownError(name + " has not ended exactly once");
    }
    return std::find_if(endings.begin(), endings.end(), has_name)->status;
  }

 private:
  mutable std::mutex mu_;
  std::condition_variable changed_;
  std::vector<Ending> endings_;  // guarded by mu_
};

// A task with a name that tells `endings`, which outlives it, what became of it.
class TestTask final : public Task {
 public:
  TestTask(std::string name, Endings* endings, TaskAttributes attributes = {},
           std::shared_ptr<Cancellation> cancellation = nullptr)
      : Task(std::move(attributes), std::move(cancellation)), name_(std::move(name)), endings_(endings) {}

  const std::string& name() const { return name_; }
  int begins() const { return begins_; }

  void OnBegin() override { ++begins_; }
  void Abandon(absl::Status why) override { endings_->Add(name_, std::move(why)); }
  void Finish(absl::Status status) { endings_->Add(name_, std::move(status)); }

 private:
  const std::string name_;
  Endings* const endings_;
  int begins_ = 0;
};

inline std::unique_ptr<Task> MakeTestTask(const std::string& name, Endings* endings, MonotonicTime deadline,
                                          TaskClass task_class, std::shared_ptr<Cancellation> cancellation) {
  TaskAttributes attributes;
  attributes.deadline = deadline;
  attributes.task_class = task_class;
  return std::make_unique<TestTask>(name, endings, attributes, std::move(cancellation));
}

// A task that holds whoever abandons it.
class GatedTask final : public Task {
 public:
  GatedTask(TaskAttributes attributes, testing::Gate* gate)
      : Task(std::move(attributes), nullptr), gate_(gate) {}
  void Abandon(absl::Status) override { gate_->Pass(); }

 private:
  testing::Gate* const gate_;
};

// Runs what is left of the batch; returns the names in order.
inline std::vector<std::string> RunAll(Batch batch) {
  std::vector<std::string> names;
  while (std::unique_ptr<Task> task = batch.Next()) {
    auto& test_task = static_cast<TestTask&>(*task);
    names.push_back(test_task.name());
    test_task.Finish(absl::OkStatus());
  }
  return names;
}

}  // namespace edgenext::serving

#endif  // TESTS_SERVER_BATCHING_TEST_TASK_H_
