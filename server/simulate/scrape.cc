#include "server/simulate/scrape.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace edgenext::serving {
namespace {

// The value of a label in the text of a series, or "".
absl::string_view Label(absl::string_view series, absl::string_view name) {
  const std::string opening = absl::StrCat(name, "=\"");
  const size_t found = series.find(opening);
  if (found == absl::string_view::npos) return "";
  const absl::string_view rest = series.substr(found + opening.size());
  return rest.substr(0, rest.find('"'));
}

struct Stage {
  double seconds = 0;
  double images = 0;
  absl::Duration Mean() const { return images > 0 ? absl::Seconds(seconds / images) : absl::ZeroDuration(); }
};

struct Readings {
  std::map<int, absl::Duration> cost;
  std::map<std::string, Stage> stages;
};

absl::Status ReadLine(absl::string_view line, Readings& readings) {
  const size_t space = line.rfind(' ');
  if (space == absl::string_view::npos) return absl::OkStatus();
  const absl::string_view series = line.substr(0, space);
  double value = 0;
  const auto read = [&]() {
    return absl::SimpleAtod(line.substr(space + 1), &value)
               ? absl::OkStatus()
               : absl::InvalidArgumentError(
                     absl::StrCat("'", line, "' has no number, expected metrics as text"));
  };
  if (absl::StartsWith(series, "edgenext_execution_cost_seconds{")) {
    int size = 0;
    const absl::Status status = read();
    if (!status.ok() || !absl::SimpleAtoi(Label(series, "batch_size"), &size)) return status;
    readings.cost[size] = absl::Seconds(value);
    return absl::OkStatus();
  }
  const std::string stage(Label(series, "stage"));
  if (absl::StartsWith(series, "edgenext_stage_duration_seconds_sum{")) {
    const absl::Status status = read();
    readings.stages[stage].seconds = value;
    return status;
  }
  if (absl::StartsWith(series, "edgenext_stage_duration_seconds_count{")) {
    const absl::Status status = read();
    readings.stages[stage].images = value;
    return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServiceModel> ReadScrape(absl::string_view metrics) {
  Readings readings;
  for (const absl::string_view line : absl::StrSplit(metrics, '\n')) {
    if (absl::StartsWith(line, "#")) continue;
    const absl::Status status = ReadLine(line, readings);
    if (!status.ok()) return status;
  }
  std::vector<CostTable::Entry> believed, real;
  const absl::Duration execute = readings.stages["execute"].Mean();
  for (const auto& [size, cost] : readings.cost) {
    if (cost <= absl::ZeroDuration()) continue;
    // The server executes image by image, so what one really takes scales the whole table.
    const double scale = execute > absl::ZeroDuration() && !believed.empty()
                             ? absl::FDivDuration(cost, believed.front().duration)
                             : 1;
    real.push_back({size, execute > absl::ZeroDuration() ? execute * scale : cost});
    believed.push_back({size, cost});
  }
  if (believed.empty() || believed.front().batch_size != 1) {
    return absl::NotFoundError(
        "the metrics have no edgenext_execution_cost_seconds of a batch of 1, expected /metrics of a server "
        "that is ready");
  }
  ServiceModel model;
  model.believed = CostTable(std::move(believed));
  model.execution = CostTable(std::move(real));
  model.decode = readings.stages["decode"].Mean() + readings.stages["preprocess"].Mean();
  model.overhead = readings.stages["parse"].Mean() + readings.stages["postprocess"].Mean() +
                   readings.stages["send"].Mean();
  return model;
}

}  // namespace edgenext::serving
