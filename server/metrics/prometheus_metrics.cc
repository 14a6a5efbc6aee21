#include "server/metrics/prometheus_metrics.h"

#include <mutex>
#include <sstream>
#include <utility>

#include "model/base/version.h"
#include "prometheus/family.h"
#include "prometheus/text_serializer.h"
#include "server/metrics/buckets.h"

namespace edgenext::serving {
namespace {

constexpr char kUnknownModel[] = "_unknown";

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry, const char* name,
                                                       const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& GaugeFamily(prometheus::Registry& registry, const char* name,
                                                   const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& HistogramFamily(prometheus::Registry& registry, const char* name,
                                                           const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// One counter of `family` for each of `values`.
template <typename Value, size_t count>
std::array<prometheus::Counter*, count> CounterFor(const std::array<Value, count>& values, const char* label,
                                                   prometheus::Family<prometheus::Counter>& family) {
  std::array<prometheus::Counter*, count> series = {};
  for (size_t i = 0; i < count; ++i) series[i] = &family.Add({{label, LabelValue(values[i])}});
  return series;
}

template <typename Enum>
size_t Index(Enum value) {
  return static_cast<size_t>(value);
}

}  // namespace

std::unique_ptr<Metrics> Metrics::Make(absl::Duration latency_objective) {
  return std::make_unique<PrometheusMetrics>(latency_objective);
}

PrometheusMetrics::PrometheusMetrics(absl::Duration latency_objective)
    : model_families_(registry_, latency_objective),
      rejected_(CounterFor(kRejectReasons, "reason",
                           CounterFamily(registry_, "edgenext_requests_rejected_total",
                                         "Calls refused before their work began."))),
      cancelled_(CounterFor(kStages, "stage",
                            CounterFamily(registry_, "edgenext_requests_cancelled_total",
                                          "Images whose client went away, by what they were in."))),
      deadline_exceeded_(
          CounterFor(kDeadlineBudgets, "budget",
                     CounterFamily(registry_, "edgenext_deadline_exceeded_total",
                                   "Images whose deadline passed; short: less time than the latency "
                                   "objective was left on arrival."))),
      batches_(CounterFor(kBatchTriggers, "trigger",
                          CounterFamily(registry_, "edgenext_batches_total",
                                        "Batches that workers took, by what made them leave the queue."))) {
  for (const Method method : kMethods) {
    const bool of_server = !AddressesModel(method) && method != Method::kUnknown;
    requests_without_model_[Index(method)] =
        MakeRequestCounters(model_families_, of_server ? "" : kUnknownModel, "", method);
  }
  auto& stage_duration =
      HistogramFamily(registry_, "edgenext_stage_duration_seconds", "Time that an image spent in a stage.");
  for (const Stage stage : kStages) {
    stage_duration_[Index(stage)] =
        &stage_duration.Add({{"stage", LabelValue(stage)}}, model_families_.duration_edges);
  }
  auto& model_state =
      GaugeFamily(registry_, "edgenext_model_state", "1 for the state that the model is in, else 0.");
  for (size_t i = 0; i < kModelStates.size(); ++i)
    model_state_[i] = &model_state.Add({{"state", kModelStates[i]}});
  batch_size_ = &HistogramFamily(registry_, "edgenext_batch_size", "Images that a worker took together.")
                     .Add({}, BatchSizeEdges());
  refusal_duration_ = &HistogramFamily(registry_, "edgenext_refusal_duration_seconds",
                                       "From the headers of a call that was refused at once to its end.")
                           .Add({}, RefusalEdges());
  compute_cpu_ = &CounterFamily(registry_, "edgenext_compute_cpu_seconds_total",
                                "CPU time spent on decoding, preprocessing and executing images.")
                      .Add({});
  offered_work_ =
      &CounterFamily(registry_, "edgenext_offered_work_seconds_total",
                     "Predicted execution time of every request that arrived, refused ones included.")
           .Add({});
  model_load_duration_ =
      &GaugeFamily(registry_, "edgenext_model_load_duration_seconds", "Load and warm-up of the latest model.")
           .Add({});
  memory_bound_ = &GaugeFamily(registry_, "edgenext_memory_bound_bytes",
                               "The most memory that the server may take, as computed at start.")
                       .Add({});
  memory_limit_ = &GaugeFamily(registry_, "edgenext_memory_limit_bytes",
                               "The memory that the cgroup or the machine gives.")
                       .Add({});
  ready_ = &GaugeFamily(registry_, "edgenext_ready", "1 while the server wants traffic.").Add({});
  draining_ =
      &GaugeFamily(registry_, "edgenext_draining", "1 while the server finishes what it accepted.").Add({});
  build_info_ = &GaugeFamily(registry_, "edgenext_build_info", "1; the program's properties are the labels.");
}

void PrometheusMetrics::SetBuildInfo(absl::string_view isa, absl::string_view precision,
                                     absl::string_view onednn) {
  if (build_info_gauge_ != nullptr) build_info_->Remove(build_info_gauge_);
  build_info_gauge_ = &build_info_->Add({{"version", kVersion},
                                         {"revision", kRevision},
                                         {"isa", std::string(isa)},
                                         {"precision", std::string(precision)},
                                         {"onednn", std::string(onednn)}});
  build_info_gauge_->Set(1);
}

void PrometheusMetrics::SetModel(absl::string_view model, absl::string_view version,
                                 absl::string_view variant, int classes) {
  std::unique_lock<std::shared_mutex> lock(models_mu_);
  models_.push_back(std::make_unique<ModelSeries>(model_families_, model, version, variant, classes));
  latest_model_.store(models_.back().get(), std::memory_order_release);
}

void PrometheusMetrics::SetModelState(absl::string_view state) {
  for (size_t i = 0; i < kModelStates.size(); ++i) model_state_[i]->Set(state == kModelStates[i] ? 1 : 0);
}

void PrometheusMetrics::SetMemoryBound(size_t bound_bytes, size_t limit_bytes) {
  memory_bound_->Set(static_cast<double>(bound_bytes));
  memory_limit_->Set(static_cast<double>(limit_bytes));
}

void PrometheusMetrics::SetModelLoadDuration(absl::Duration duration) {
  model_load_duration_->Set(absl::ToDoubleSeconds(duration));
}

void PrometheusMetrics::SetExecutionCost(int batch_size, absl::Duration duration) {
  ModelSeries* model = latest_model_.load(std::memory_order_acquire);
  if (model != nullptr) model->SetExecutionCost(batch_size, duration);
}

void PrometheusMetrics::SetLifecycle(bool ready, bool draining) {
  ready_->Set(ready ? 1 : 0);
  draining_->Set(draining ? 1 : 0);
}

void PrometheusMetrics::SetPipelineSource(std::function<PipelineGauges()> source) {
  scraped_.SetPipelineSource(std::move(source));
}

void PrometheusMetrics::SetConnectionsSource(std::function<ConnectionGauges()> source) {
  scraped_.SetConnectionsSource(std::move(source));
}

void PrometheusMetrics::SetCpuThrottlingSource(std::function<CpuThrottling()> source) {
  scraped_.SetCpuThrottlingSource(std::move(source));
}

ModelSeries* PrometheusMetrics::FindModel(absl::string_view model, absl::string_view version) const {
  std::shared_lock<std::shared_mutex> lock(models_mu_);
  for (const std::unique_ptr<ModelSeries>& candidate : models_) {
    if (candidate->Is(model, version)) return candidate.get();
  }
  return nullptr;
}

void PrometheusMetrics::CountRequest(Method method, absl::string_view model, absl::string_view version,
                                     int code, absl::Duration duration) {
  ModelSeries* series = AddressesModel(method) ? FindModel(model, version) : nullptr;
  if (series != nullptr) {
    series->CountRequest(method, code, duration);
  } else {
    requests_without_model_[Index(method)][CodeIndex(code)]->Increment();
  }
}

void PrometheusMetrics::ObserveStage(Stage stage, absl::Duration duration) {
  stage_duration_[Index(stage)]->Observe(absl::ToDoubleSeconds(duration));
}

void PrometheusMetrics::CountRejected(RejectReason reason) { rejected_[Index(reason)]->Increment(); }

void PrometheusMetrics::ObserveRefusal(absl::Duration duration) {
  refusal_duration_->Observe(absl::ToDoubleSeconds(duration));
}

void PrometheusMetrics::CountCancelled(Stage stage) { cancelled_[Index(stage)]->Increment(); }

void PrometheusMetrics::CountDeadlineExceeded(DeadlineBudget budget) {
  deadline_exceeded_[Index(budget)]->Increment();
}

void PrometheusMetrics::ObserveBatch(BatchTrigger trigger, int size) {
  batches_[Index(trigger)]->Increment();
  batch_size_->Observe(size);
}

void PrometheusMetrics::CountInferences(int images) {
  ModelSeries* model = latest_model_.load(std::memory_order_acquire);
  if (model != nullptr) model->CountInferences(images);
}

void PrometheusMetrics::AddComputeCpu(absl::Duration time) {
  compute_cpu_->Increment(absl::ToDoubleSeconds(time));
}

void PrometheusMetrics::AddOfferedWork(absl::Duration predicted) {
  offered_work_->Increment(absl::ToDoubleSeconds(predicted));
}

std::string PrometheusMetrics::Export() {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : scraped_.Collect()) families.push_back(std::move(family));
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return text.str();
}

}  // namespace edgenext::serving
