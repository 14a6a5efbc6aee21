#ifndef TESTS_TESTING_FAKE_EXECUTOR_H_
#define TESTS_TESTING_FAKE_EXECUTOR_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/thread_team.h"
#include "model/executor/executor.h"
#include "tests/testing/gate.h"

namespace edgenext::testing {

// A network whose logits a test writes into the image: logit i is the image's i-th value, divided by kScale
// where it is 8-bit. Its executors can be held, watched and made to fail. Outlives them. Thread-safe.
class FakeNetwork {
 public:
  static constexpr float kScale = 16;
  // 8-bit images that begin with these fail with INTERNAL, or get a NaN among their logits.
  static constexpr uint8_t kFaultyByte = 254;
  static constexpr uint8_t kNanByte = 255;

  // An image has at least as many values as there are classes.
  FakeNetwork(int height, int width, int classes) : height_(height), width_(width), classes_(classes) {}

  ExecutorFactory factory();

  // Every thread of every execution passes it, those of the warm-up too.
  Gate& gate() { return gate_; }
  // Called by every execution after the gate. Set before the factory is used.
  void SetOnExecute(std::function<void()> on_execute) { on_execute_ = std::move(on_execute); }
  // Called with its number by every thread of every execution after the gate. Set before the factory is used.
  void SetOnThread(std::function<void(int thread)> on_thread) { on_thread_ = std::move(on_thread); }
  // How many threads may share an image. Set before the factory is used.
  void SetThreads(int threads) { threads_ = threads; }
  // How many images were executed.
  int executions() const { return executions_; }
  // How many threads shared each image, in the order in which the executions began.
  std::vector<int> team_sizes() const {
    std::lock_guard<std::mutex> lock(mu_);
    return team_sizes_;
  }

 private:
  class FakeExecutor;

  const int height_, width_, classes_;
  int threads_ = 1;
  Gate gate_;
  std::function<void()> on_execute_ = [] {};
  std::function<void(int)> on_thread_ = [](int) {};
  std::atomic<int> executions_{0};
  mutable std::mutex mu_;
  std::vector<int> team_sizes_;  // guarded by mu_
};

// Fails whenever it is used on another thread than its own.
class FakeNetwork::FakeExecutor final : public Executor {
 public:
  explicit FakeExecutor(FakeNetwork* network) : network_(network) {}

  absl::Status Execute(absl::Span<const NetworkInput> batch, absl::Span<float> logits,
                       ThreadTeam& team) override {
    if (std::this_thread::get_id() != thread_) return absl::InternalError("executed on another thread");
    for (size_t image = 0; image < batch.size(); ++image) {
      team.Run(network_->threads_, [this](int thread, int threads) {
        if (thread == 0) {
          std::lock_guard<std::mutex> lock(network_->mu_);
          network_->team_sizes_.push_back(threads);
        }
        network_->gate_.Pass();
        network_->on_thread_(thread);
      });
      network_->on_execute_();
      ++network_->executions_;
      const auto classes = static_cast<size_t>(network_->classes_);
      const absl::Span<float> out = logits.subspan(image * classes, classes);
      for (size_t i = 0; i < classes; ++i) {
        out[i] = batch[image].rgb != nullptr ? static_cast<float>(batch[image].rgb[i]) / kScale
                                             : batch[image].normalised[i];
      }
      if (batch[image].rgb == nullptr) continue;
      if (batch[image].rgb[0] == kFaultyByte) return absl::InternalError("secret detail of a fault");
      if (batch[image].rgb[0] == kNanByte) out[classes - 1] = std::numeric_limits<float>::quiet_NaN();
    }
    return absl::OkStatus();
  }

  int height() const override { return network_->height_; }
  int width() const override { return network_->width_; }
  int classes() const override { return network_->classes_; }

 private:
  FakeNetwork* const network_;
  const std::thread::id thread_ = std::this_thread::get_id();
};

inline ExecutorFactory FakeNetwork::factory() {
  return
      [this]() -> absl::StatusOr<std::unique_ptr<Executor>> { return std::make_unique<FakeExecutor>(this); };
}

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_FAKE_EXECUTOR_H_
