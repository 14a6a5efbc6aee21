#include "server/metrics/scraped_metrics.h"

#include <string>
#include <utility>

#include "server/metrics/process_stats.h"

namespace edgenext::serving {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Family(MetricType type, std::string name, std::string help, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = type == MetricType::Counter ? value : 0;
  metric.gauge.value = type == MetricType::Gauge ? value : 0;
  return {std::move(name), std::move(help), type, {metric}};
}

MetricFamily Gauge(std::string name, std::string help, double value) {
  return Family(MetricType::Gauge, std::move(name), std::move(help), value);
}

MetricFamily Counter(std::string name, std::string help, double value) {
  return Family(MetricType::Counter, std::move(name), std::move(help), value);
}

// One counter of the family for each value of `label`.
MetricFamily Counters(std::string name, std::string help, const std::string& label,
                      const std::vector<std::pair<std::string, int64_t>>& values) {
  MetricFamily family = {std::move(name), std::move(help), MetricType::Counter, {}};
  for (const auto& [label_value, value] : values) {
    prometheus::ClientMetric metric;
    metric.label = {{label, label_value}};
    metric.counter.value = static_cast<double>(value);
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

void ScrapedMetrics::SetPipelineSource(std::function<PipelineGauges()> source) {
  std::lock_guard<std::mutex> lock(mu_);
  pipeline_source_ = std::move(source);
}

void ScrapedMetrics::SetConnectionsSource(std::function<ConnectionGauges()> source) {
  std::lock_guard<std::mutex> lock(mu_);
  connections_source_ = std::move(source);
}

void ScrapedMetrics::SetCpuThrottlingSource(std::function<CpuThrottling()> source) {
  std::lock_guard<std::mutex> lock(mu_);
  cpu_throttling_source_ = std::move(source);
}

std::vector<MetricFamily> ScrapedMetrics::Collect() const {
  PipelineGauges pipeline;
  ConnectionGauges connections;
  CpuThrottling cpu;
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (pipeline_source_) pipeline = pipeline_source_();
    if (connections_source_) connections = connections_source_();
    if (cpu_throttling_source_) cpu = cpu_throttling_source_();
  }
  const ProcessStats process = ReadProcessStats();
  return {
      Gauge("edgenext_queue_depth", "Images waiting for a worker.", pipeline.queue_depth),
      Gauge("edgenext_queue_oldest_age_seconds", "How long the oldest waiting image has waited.",
            absl::ToDoubleSeconds(pipeline.queue_oldest_age)),
      Gauge("edgenext_predicted_wait_seconds", "How long an interactive image that comes now would wait.",
            absl::ToDoubleSeconds(pipeline.predicted_wait)),
      Gauge("edgenext_open_calls", "Calls of the inference methods that have arrived and not ended.",
            pipeline.open_calls),
      Gauge("edgenext_open_calls_limit", "Calls that may be open.", pipeline.open_calls_limit),
      Gauge("edgenext_inflight_requests", "Images that hold a place of the queue.",
            pipeline.inflight_requests),
      Gauge("edgenext_inflight_requests_limit", "Places of the queue.", pipeline.inflight_requests_limit),
      Gauge("edgenext_inflight_bytes", "Encoded bytes of the images from admission to answer.",
            static_cast<double>(pipeline.inflight_bytes)),
      Gauge("edgenext_inflight_bytes_limit", "Encoded bytes that may be in flight.",
            static_cast<double>(pipeline.inflight_bytes_limit)),
      Counter("edgenext_worker_busy_seconds_total",
              "Time that workers spent on batches and helping others, summed over workers.",
              absl::ToDoubleSeconds(pipeline.worker_busy)),
      Counter("edgenext_shared_inferences_total", "Images whose execution idle workers shared.",
              static_cast<double>(pipeline.shared_inferences)),
      Counter("edgenext_cache_hits_total", "Images answered from the result cache.",
              static_cast<double>(pipeline.cache_hits)),
      Counter("edgenext_cache_misses_total",
              "Images that the result cache did not know and that were queued.",
              static_cast<double>(pipeline.cache_misses)),
      Counter("edgenext_cache_shared_total",
              "Images answered together with an identical one that was under way.",
              static_cast<double>(pipeline.cache_shared)),
      Gauge("edgenext_cache_bytes", "Memory of the result cache in use.",
            static_cast<double>(pipeline.cache_bytes)),
      Gauge("edgenext_cache_entries", "Results in the cache.", static_cast<double>(pipeline.cache_entries)),
      Gauge("edgenext_connections", "Open gRPC connections.", connections.open),
      Counters("edgenext_connections_closed_total", "gRPC connections closed to keep their limit.", "reason",
               {{"idle", connections.closed_idle}, {"limit", connections.closed_at_limit}}),
      Counter("edgenext_cpu_periods_total", "Enforcement periods of the cgroup's CPU quota.",
              static_cast<double>(cpu.periods)),
      Counter("edgenext_cpu_throttled_periods_total", "Periods in which the cgroup ran out of its CPU quota.",
              static_cast<double>(cpu.throttled_periods)),
      Counter("edgenext_cpu_throttled_seconds_total",
              "Time that the cgroup's threads were held back by its CPU quota.",
              absl::ToDoubleSeconds(cpu.throttled)),
      Counter("process_cpu_seconds_total", "User and system CPU time spent.", process.cpu_seconds),
      Gauge("process_start_time_seconds", "Start of the process since the Unix epoch.",
            process.start_time_seconds),
      Gauge("process_resident_memory_bytes", "Resident memory.", process.resident_memory_bytes),
      Gauge("process_virtual_memory_bytes", "Virtual memory.", process.virtual_memory_bytes),
      Gauge("process_open_fds", "Open file descriptors.", process.open_fds),
      Gauge("process_max_fds", "File descriptors that may be open.", process.max_fds),
      Gauge("process_threads", "Threads of the process.", process.threads),
  };
}

}  // namespace edgenext::serving
