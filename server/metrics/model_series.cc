#include "server/metrics/model_series.h"

#include "server/metrics/buckets.h"

namespace edgenext::serving {

ModelFamilies::ModelFamilies(prometheus::Registry& registry, absl::Duration latency_objective)
    : requests(prometheus::BuildCounter()
                   .Name("edgenext_requests_total")
                   .Help("Answered calls, by canonical gRPC code.")
                   .Register(registry)),
      request_duration(prometheus::BuildHistogram()
                           .Name("edgenext_request_duration_seconds")
                           .Help("From a call's headers to its answer, for every outcome.")
                           .Register(registry)),
      inferences(prometheus::BuildCounter()
                     .Name("edgenext_inferences_total")
                     .Help("Images that went through the network.")
                     .Register(registry)),
      info(prometheus::BuildGauge()
               .Name("edgenext_model_info")
               .Help("1 for each loaded model; its properties are the labels.")
               .Register(registry)),
      execution_cost(prometheus::BuildGauge()
                         .Name("edgenext_execution_cost_seconds")
                         .Help("Expected execution time of a batch, by its size.")
                         .Register(registry)),
      duration_edges(DurationEdges(latency_objective)) {}

RequestCounters MakeRequestCounters(ModelFamilies& families, const std::string& model,
                                    const std::string& version, Method method) {
  RequestCounters counters = {};
  for (size_t code = 0; code < kCodes.size(); ++code) {
    counters[code] = &families.requests.Add({{"model", model},
                                             {"version", version},
                                             {"method", LabelValue(method)},
                                             {"code", kCodes[code].name}});
  }
  return counters;
}

ModelSeries::ModelSeries(ModelFamilies& families, absl::string_view model, absl::string_view version,
                         absl::string_view variant, int classes)
    : model_(model),
      version_(version),
      families_(families),
      inferences_(families.inferences.Add({{"model", model_}, {"version", version_}})) {
  for (const Method method : kMethods) {
    if (!AddressesModel(method)) continue;
    MethodSeries& series = methods_[static_cast<size_t>(method)];
    series.requests = MakeRequestCounters(families, model_, version_, method);
    series.duration = &families.request_duration.Add({{"model", model_}, {"method", LabelValue(method)}},
                                                     families.duration_edges);
  }
  families.info
      .Add({{"model", model_},
            {"version", version_},
            {"variant", std::string(variant)},
            {"classes", std::to_string(classes)}})
      .Set(1);
}

void ModelSeries::CountRequest(Method method, int code, absl::Duration duration) {
  const MethodSeries& series = methods_[static_cast<size_t>(method)];
  series.requests[CodeIndex(code)]->Increment();
  series.duration->Observe(absl::ToDoubleSeconds(duration));
}

void ModelSeries::SetExecutionCost(int batch_size, absl::Duration duration) {
  families_.execution_cost.Add({{"model", model_}, {"batch_size", std::to_string(batch_size)}})
      .Set(absl::ToDoubleSeconds(duration));
}

}  // namespace edgenext::serving
