#ifndef TESTS_TESTING_RECORDING_METRICS_H_
#define TESTS_TESTING_RECORDING_METRICS_H_

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/metrics/metrics.h"

namespace edgenext::testing {

// Metrics that tests read back. Thread-safe.
class RecordingMetrics final : public serving::Metrics {
 public:
  // How many requests of the method ended with the gRPC code; `model` is "" where none was resolved.
  int Requests(serving::Method method, int code, absl::string_view model) const {
    return Read(requests_, std::make_tuple(method, code, std::string(model)));
  }
  int Rejected(serving::RejectReason reason) const { return Read(rejected_, reason); }
  int Cancelled(serving::Stage stage) const { return Read(cancelled_, stage); }
  int Stages(serving::Stage stage) const { return Read(stages_, stage); }
  int DeadlinesExceeded(serving::DeadlineBudget budget) const { return Read(deadlines_, budget); }
  int Batches(serving::BatchTrigger trigger) const { return Read(batches_, trigger); }
  int Refusals() const { return refusals_; }
  int Inferences() const { return inferences_; }
  absl::Duration OfferedWork() const {
    std::lock_guard<std::mutex> lock(mu_);
    return offered_work_;
  }
  absl::Duration ComputeCpu() const {
    std::lock_guard<std::mutex> lock(mu_);
    return compute_cpu_;
  }
  // What SetExecutionCost said last of each size.
  std::map<int, absl::Duration> ExecutionCosts() const {
    std::lock_guard<std::mutex> lock(mu_);
    return execution_costs_;
  }

  void SetBuildInfo(absl::string_view, absl::string_view, absl::string_view) override {}
  void SetModel(absl::string_view, absl::string_view, absl::string_view, int) override {}
  void SetModelState(absl::string_view) override {}
  void SetModelLoadDuration(absl::Duration) override {}
  void SetMemoryBound(size_t, size_t) override {}
  void SetExecutionCost(int batch_size, absl::Duration duration) override {
    std::lock_guard<std::mutex> lock(mu_);
    execution_costs_[batch_size] = duration;
  }
  void SetLifecycle(bool, bool) override {}
  void SetPipelineSource(std::function<serving::PipelineGauges()>) override {}
  void SetConnectionsSource(std::function<serving::ConnectionGauges()>) override {}
  void SetCpuThrottlingSource(std::function<serving::CpuThrottling()>) override {}
  void CountRequest(serving::Method method, absl::string_view model, absl::string_view, int code,
                    absl::Duration) override {
    Increment(requests_, std::make_tuple(method, code, std::string(model)));
  }
  void ObserveRefusal(absl::Duration) override { ++refusals_; }
  void ObserveStage(serving::Stage stage, absl::Duration) override { Increment(stages_, stage); }
  void CountRejected(serving::RejectReason reason) override { Increment(rejected_, reason); }
  void CountCancelled(serving::Stage stage) override { Increment(cancelled_, stage); }
  void CountDeadlineExceeded(serving::DeadlineBudget budget) override { Increment(deadlines_, budget); }
  void ObserveBatch(serving::BatchTrigger trigger, int) override { Increment(batches_, trigger); }
  void CountInferences(int images) override { inferences_ += images; }
  void AddComputeCpu(absl::Duration time) override {
    std::lock_guard<std::mutex> lock(mu_);
    compute_cpu_ += time;
  }
  void AddOfferedWork(absl::Duration predicted) override {
    std::lock_guard<std::mutex> lock(mu_);
    offered_work_ += predicted;
  }
  std::string Export() override { return ""; }

 private:
  template <typename Key>
  void Increment(std::map<Key, int>& counts, const Key& key) {
    std::lock_guard<std::mutex> lock(mu_);
    ++counts[key];
  }
  template <typename Key>
  int Read(const std::map<Key, int>& counts, const Key& key) const {
    std::lock_guard<std::mutex> lock(mu_);
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }

  mutable std::mutex mu_;
  // guarded by mu_
  std::map<std::tuple<serving::Method, int, std::string>, int> requests_;
  std::map<serving::RejectReason, int> rejected_;
  std::map<serving::Stage, int> cancelled_, stages_;
  std::map<serving::DeadlineBudget, int> deadlines_;
  std::map<serving::BatchTrigger, int> batches_;
  absl::Duration offered_work_, compute_cpu_;
  std::map<int, absl::Duration> execution_costs_;
  std::atomic<int> inferences_{0};
  std::atomic<int> refusals_{0};
};

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_RECORDING_METRICS_H_
