#ifndef SERVER_METRICS_PROMETHEUS_METRICS_H_
#define SERVER_METRICS_PROMETHEUS_METRICS_H_

#include <array>
#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/metrics/labels.h"
#include "server/metrics/metrics.h"
#include "server/metrics/model_series.h"
#include "server/metrics/scraped_metrics.h"

namespace edgenext::serving {

// Metrics on prometheus-cpp. Every series is resolved once, in the constructor or in SetModel: Family::Add
// locks and copies, so no request reaches it.
class PrometheusMetrics final : public Metrics {
 public:
  explicit PrometheusMetrics(absl::Duration latency_objective);

  void SetBuildInfo(absl::string_view isa, absl::string_view precision, absl::string_view onednn) override;
  void SetModel(absl::string_view model, absl::string_view version, absl::string_view variant,
                int classes) override;
  void SetModelState(absl::string_view state) override;
  void SetModelLoadDuration(absl::Duration duration) override;
  void SetMemoryBound(size_t bound_bytes, size_t limit_bytes) override;
  void SetExecutionCost(int batch_size, absl::Duration duration) override;
  void SetLifecycle(bool ready, bool draining) override;
  void SetPipelineSource(std::function<PipelineGauges()> source) override;
  void SetConnectionsSource(std::function<ConnectionGauges()> source) override;
  void SetCpuThrottlingSource(std::function<CpuThrottling()> source) override;

  void CountRequest(Method method, absl::string_view model, absl::string_view version, int code,
                    absl::Duration duration) override;
  void ObserveStage(Stage stage, absl::Duration duration) override;
  void CountRejected(RejectReason reason) override;
  void ObserveRefusal(absl::Duration duration) override;
  void CountCancelled(Stage stage) override;
  void CountDeadlineExceeded(DeadlineBudget budget) override;
  void ObserveBatch(BatchTrigger trigger, int size) override;
  void CountInferences(int images) override;
  void AddComputeCpu(absl::Duration time) override;
  void AddOfferedWork(absl::Duration predicted) override;

  std::string Export() override;

 private:
  // An array of series, one for each value of a label.
  template <typename Series, size_t count>
  using ByLabel = std::array<Series*, count>;

  ModelSeries* FindModel(absl::string_view model, absl::string_view version) const;

  prometheus::Registry registry_;
  ScrapedMetrics scraped_;
  ModelFamilies model_families_;

  // Resolved in the constructor.
  std::array<RequestCounters, kMethods.size()>
      requests_without_model_;  // of the server, or of unknown models
  ByLabel<prometheus::Histogram, kStages.size()> stage_duration_;
  ByLabel<prometheus::Counter, kRejectReasons.size()> rejected_;
  ByLabel<prometheus::Counter, kStages.size()> cancelled_;
  ByLabel<prometheus::Counter, kDeadlineBudgets.size()> deadline_exceeded_;
  ByLabel<prometheus::Counter, kBatchTriggers.size()> batches_;
  ByLabel<prometheus::Gauge, kModelStates.size()> model_state_;
  prometheus::Histogram* batch_size_;
  prometheus::Histogram* refusal_duration_;
  prometheus::Counter* compute_cpu_;
  prometheus::Counter* offered_work_;
  prometheus::Gauge* model_load_duration_;
  prometheus::Gauge* memory_bound_;
  prometheus::Gauge* memory_limit_;
  prometheus::Gauge* ready_;
  prometheus::Gauge* draining_;
  prometheus::Family<prometheus::Gauge>* build_info_;
  prometheus::Gauge* build_info_gauge_ = nullptr;

  mutable std::shared_mutex models_mu_;
  std::vector<std::unique_ptr<ModelSeries>> models_;  // guarded by models_mu_; only grows
  std::atomic<ModelSeries*> latest_model_{nullptr};
};

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_PROMETHEUS_METRICS_H_
