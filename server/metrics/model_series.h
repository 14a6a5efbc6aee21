#ifndef SERVER_METRICS_MODEL_SERIES_H_
#define SERVER_METRICS_MODEL_SERIES_H_

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/metrics/labels.h"

namespace edgenext::serving {

// The families whose series carry a model.
struct ModelFamilies {
  ModelFamilies(prometheus::Registry& registry, absl::Duration latency_objective);

  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Histogram>& request_duration;
  prometheus::Family<prometheus::Counter>& inferences;
  prometheus::Family<prometheus::Gauge>& info;
  prometheus::Family<prometheus::Gauge>& execution_cost;
  const std::vector<double> duration_edges;
};

// A counter for each code of kCodes.
using RequestCounters = std::array<prometheus::Counter*, kCodes.size()>;
RequestCounters MakeRequestCounters(ModelFamilies& families, const std::string& model,
                                    const std::string& version, Method method);

// The series of one version of one model, resolved once. Thread-safe.
class ModelSeries {
 public:
  ModelSeries(ModelFamilies& families, absl::string_view model, absl::string_view version,
              absl::string_view variant, int classes);

  bool Is(absl::string_view model, absl::string_view version) const {
    return model == model_ && version == version_;
  }

  // `method` addresses a model.
  void CountRequest(Method method, int code, absl::Duration duration);
  void CountInferences(int images) { inferences_.Increment(images); }
  void SetExecutionCost(int batch_size, absl::Duration duration);

 private:
  struct MethodSeries {
    RequestCounters requests = {};
    prometheus::Histogram* duration = nullptr;
  };

  const std::string model_, version_;
  ModelFamilies& families_;
  std::array<MethodSeries, kMethods.size()> methods_;  // only those that address a model are filled
  prometheus::Counter& inferences_;
};

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_MODEL_SERIES_H_
