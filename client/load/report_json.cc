#include "absl/strings/str_replace.h"
#include "client/load/report.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const absl::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

const char* ArrivalsName(LoadOptions::Arrivals arrivals) {
  switch (arrivals) {
    case LoadOptions::Arrivals::kPoisson:
      return "poisson";
    case LoadOptions::Arrivals::kConstant:
      return "constant";
    case LoadOptions::Arrivals::kTrace:
      return "trace";
    case LoadOptions::Arrivals::kClosedLoop:
      return "closed";
  }
  return "";
}

Json Times(const Distribution& times) {
  return {{"count", times.count()},          {"mean", times.Mean()},        {"p50", times.Percentile(50)},
          {"p90", times.Percentile(90)},     {"p95", times.Percentile(95)}, {"p99", times.Percentile(99)},
          {"p99_9", times.Percentile(99.9)}, {"max", times.Max()}};
}

Json Load(const LoadReport& report) {
  const LoadOptions& options = report.options;
  const bool has_rate = options.arrivals == LoadOptions::Arrivals::kPoisson ||
                        options.arrivals == LoadOptions::Arrivals::kConstant;
  const bool is_closed = options.arrivals == LoadOptions::Arrivals::kClosedLoop;
  return {{"arrivals", ArrivalsName(options.arrivals)},
          {"rate", has_rate ? Json(report.rate) : Json(nullptr)},
          {"concurrency", is_closed ? Json(options.concurrency) : Json(nullptr)},
          {"connections", options.connections},
          {"attempts", options.attempts},
          {"warm_up_s", absl::ToDoubleSeconds(options.warm_up)},
          {"seed", options.seed}};
}

Json Request(const LoadReport& report) {
  const LoadOptions& options = report.options;
  Json deadlines = Json::array();
  for (const auto& entry : options.deadlines) {
    deadlines.push_back({{"ms", absl::ToDoubleMilliseconds(entry.deadline)}, {"weight", entry.weight}});
  }
  return {{"method", options.method == LoadOptions::Method::kInfer ? "infer" : "classify"},
          {"what", report.description},
          {"images", options.images_per_request},
          {"mean_bytes", report.mean_bytes},
          {"deadlines", deadlines},
          {"bulk_share", options.bulk_share}};
}

// FateName with '_' for ' '.
std::string Key(Fate fate) { return absl::StrReplaceAll(FateName(fate), {{" ", "_"}}); }

Json Fates(const FateCounts& fates) {
  Json json;
  for (int i = 0; i < kFates; ++i) json[Key(static_cast<Fate>(i))] = fates[static_cast<size_t>(i)];
  return json;
}

Json Outcomes(const Figures& figures) {
  Json json = Json::array();
  for (const OutcomeCount& entry : figures.outcomes) {
    json.push_back({{"code", entry.outcome.code}, {"reason", entry.outcome.reason}, {"count", entry.count}});
  }
  return json;
}

Json Server(const absl::StatusOr<ServerCost>& cost) {
  if (!cost.ok()) return {{"error", std::string(cost.status().message())}};
  return {{"cpu_s", cost->cpu_s},
          {"compute_cpu_s", OrNull(cost->compute_cpu_s)},
          {"requests", cost->requests},
          {"requests_by_code", cost->requests_by_code},
          {"images", cost->images},
          {"cpu_ms_per_request", cost->cpu_ms_per_request()},
          {"overhead_ms_per_request", OrNull(cost->overhead_ms_per_request())},
          {"mean_batch_size", OrNull(cost->mean_batch_size)},
          {"stage_mean_ms", cost->stage_mean_ms}};
}

Json Timeline(const Figures& figures) {
  Json intervals = Json::array();
  for (const Interval& interval : figures.timeline) {
    Json json = {{"start_s", interval.start_s}};
    json.update(Fates(interval.fates));
    json["ok_ms"] = Times(interval.ok);
    intervals.push_back(std::move(json));
  }
  return {{"interval_s", figures.interval_s}, {"intervals", std::move(intervals)}};
}

Json Search(const LoadReport& report) {
  if (report.search.empty()) return nullptr;
  Json steps = Json::array();
  for (const SearchStep& step : report.search) {
    steps.push_back({{"rate", step.rate},
                     {"latency_ms", step.latency_ms},
                     {"good_share", step.good_share},
                     {"passed", step.passed},
                     {"void", step.is_void},
                     {"why", step.why}});
  }
  return {{"limit_ms", absl::ToDoubleMilliseconds(report.options.limit)},
          {"percentile", report.options.percentile},
          {"rate", OrNull(report.best_rate)},
          {"steps", std::move(steps)}};
}

}  // namespace

void WriteJsonReport(std::ostream& out, const LoadReport& report) {
  const Figures& figures = report.figures;
  const Json json = {{"version", report.version},
                     {"date", absl::FormatTime(absl::RFC3339_sec, report.date, absl::UTCTimeZone())},
                     {"command", report.options.command},
                     {"processor", report.processor},
                     {"target", report.options.target},
                     {"load", Load(report)},
                     {"request", Request(report)},
                     {"void", !figures.void_reasons.empty()},
                     {"void_reasons", figures.void_reasons},
                     {"seconds", figures.seconds},
                     {"requests", figures.requests},
                     {"requests_per_s", figures.per_second(figures.requests)},
                     {"goodput_per_s", figures.per_second(figures.good())},
                     {"good_share", figures.share(figures.good())},
                     {"fates", Fates(figures.fates)},
                     {"outcomes", Outcomes(figures)},
                     {"attempts", figures.attempts},
                     {"most_in_flight", figures.most_in_flight},
                     {"ok_ms", Times(figures.ok)},
                     {"refused_ms", Times(figures.refused)},
                     {"send_lag_ms", Times(figures.send_lag)},
                     {"receive_lag_ms", Times(figures.receive_lag)},
                     {"server", Server(report.cost)},
                     {"search", Search(report)},
                     {"timeline", Timeline(figures)}};
  out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace edgenext
