#ifndef SERVER_METRICS_SCRAPED_METRICS_H_
#define SERVER_METRICS_SCRAPED_METRICS_H_

#include <functional>
#include <mutex>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "server/metrics/metrics.h"

namespace edgenext::serving {

// The metrics whose values are asked for at each scrape: of the pipeline, the listener, the cgroup and the
// process. A source that is not set counts as all zeros, so that the series exist from the start.
// Thread-safe.
class ScrapedMetrics final : public prometheus::Collectable {
 public:
  // When these return, the former source is not running and is never called again.
  void SetPipelineSource(std::function<PipelineGauges()> source);
  void SetConnectionsSource(std::function<ConnectionGauges()> source);
  void SetCpuThrottlingSource(std::function<CpuThrottling()> source);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mu_;  // held while a source runs
  std::function<PipelineGauges()> pipeline_source_;
  std::function<ConnectionGauges()> connections_source_;
  std::function<CpuThrottling()> cpu_throttling_source_;
};

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_SCRAPED_METRICS_H_
