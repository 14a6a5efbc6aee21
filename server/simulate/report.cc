#include "server/simulate/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace edgenext::serving {
namespace {

using Json = nlohmann::ordered_json;

double Percent(int64_t part, int64_t whole) {
  return whole > 0 ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}
double Ms(absl::Duration time) { return absl::ToDoubleMilliseconds(time); }

std::string Line(const std::string& name, double goodput, const Outcomes& outcomes,
                 const Latencies& latencies) {
  return absl::StrFormat("%-24s %10.1f %7.2f %9.2f %9.2f %9.2f %9.2f %9.2f", name, goodput,
                         Percent(outcomes.good, outcomes.requests), Ms(latencies.p50), Ms(latencies.p90),
                         Ms(latencies.p99), Percent(outcomes.refused(), outcomes.requests),
                         Percent(outcomes.expired, outcomes.requests));
}

std::string NameOf(const Group& group) {
  return absl::StrCat("  ", group.client, group.client.empty() ? "" : " ",
                      group.bulk ? "bulk" : "interactive");
}

// Keys that `edgenext load --json` has too mean the same.
Json ToJson(const Outcomes& outcomes, const Latencies& latencies) {
  Json json;
  json["requests"] = outcomes.requests;
  json["good_share"] = Percent(outcomes.good, outcomes.requests) / 100;
  json["fates"] = {{"good", outcomes.good}, {"refused", outcomes.refused()}, {"expired", outcomes.expired}};
  json["overloaded"] = outcomes.overloaded;
  json["deadline_unreachable"] = outcomes.unreachable;
  json["ok_ms"] = {{"mean", Ms(latencies.mean)},
                   {"p50", Ms(latencies.p50)},
                   {"p90", Ms(latencies.p90)},
                   {"p99", Ms(latencies.p99)},
                   {"max", Ms(latencies.max)}};
  return json;
}

Json ToJson(const Interval& interval) {
  Json json;
  json["start_s"] = absl::ToDoubleSeconds(interval.begin);
  json["arrivals_per_s"] = interval.arrivals_per_second;
  json["good_per_s"] = interval.good_per_second;
  json["refused_per_s"] = interval.refused_per_second;
  json["expired_per_s"] = interval.expired_per_second;
  json["p99_ms"] = Ms(interval.p99);
  json["inside"] = interval.inside;
  json["replicas"] = interval.replicas;
  return json;
}

}  // namespace

std::string ResultTable(const std::vector<SimulationResult>& results) {
  std::string table =
      absl::StrFormat("%-24s %10s %7s %9s %9s %9s %9s %9s %9s %9s %9s\n", "policy", "goodput/s", "good %",
                      "p50 ms", "p90 ms", "p99 ms", "refused %", "expired %", "wasted %", "busy %", "batch");
  for (const SimulationResult& result : results) {
    absl::StrAppend(&table, Line(result.policy, result.goodput, result.outcomes, result.latencies),
                    absl::StrFormat(" %9.2f %9.1f %9.2f\n", 100 * result.wasted, 100 * result.utilisation,
                                    result.mean_batch));
    for (const Group& group : result.groups) {
      const double goodput =
          static_cast<double>(group.outcomes.good) / absl::ToDoubleSeconds(result.measured);
      absl::StrAppend(&table, Line(NameOf(group), goodput, group.outcomes, group.latencies), "\n");
    }
  }
  return table;
}

std::string TimelineTable(const SimulationResult& result) {
  std::string table =
      absl::StrFormat("%10s %9s %10s %10s %10s %10s %9s %9s\n", "time", "replicas", "arrivals/s", "goodput/s",
                      "refused/s", "expired/s", "p99 ms", "inside");
  for (const Interval& interval : result.timeline) {
    absl::StrAppend(&table, absl::StrFormat("%10s %9d %10.1f %10.1f %10.1f %10.1f %9.2f %9d\n",
                                            absl::FormatDuration(interval.begin), interval.replicas,
                                            interval.arrivals_per_second, interval.good_per_second,
                                            interval.refused_per_second, interval.expired_per_second,
                                            Ms(interval.p99), interval.inside));
  }
  return table;
}

std::string ResultJson(const std::vector<SimulationResult>& results, bool timeline) {
  std::string lines;
  for (const SimulationResult& result : results) {
    Json json;
    json["policy"] = result.policy;
    json["seconds"] = absl::ToDoubleSeconds(result.measured);
    json["goodput_per_s"] = result.goodput;
    json.update(ToJson(result.outcomes, result.latencies));
    json["attempts"] = result.attempts;
    json["refused_attempts"] = result.refused_attempts;
    json["wasted_share"] = result.wasted;
    json["utilisation"] = result.utilisation;
    json["mean_batch_size"] = result.mean_batch;
    json["mean_replicas"] = result.mean_replicas;
    for (const Group& group : result.groups) {
      Json part = {{"client", group.client}, {"class", group.bulk ? "bulk" : "interactive"}};
      part.update(ToJson(group.outcomes, group.latencies));
      json["groups"].push_back(part);
    }
    if (timeline) {
      for (const Interval& interval : result.timeline) json["timeline"].push_back(ToJson(interval));
    }
    absl::StrAppend(&lines, json.dump(), "\n");
  }
  return lines;
}

}  // namespace edgenext::serving
