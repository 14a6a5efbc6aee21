#include "server/simulate/scrape.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/status_macros.h"

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
  double process_cpu = 0;  // seconds
  double compute_cpu = 0;
  double inferences = 0;
  double rejected = 0;
};

absl::Status ReadLine(absl::string_view line, Readings& readings) {
  const size_t space = line.rfind(' ');
  if (space == absl::string_view::npos) return absl::OkStatus();
  const absl::string_view series = line.substr(0, space);
  const absl::string_view name = series.substr(0, series.find('{'));
  double value = 0;
  if (!absl::SimpleAtod(line.substr(space + 1), &value)) {
    return absl::InvalidArgumentError(absl::StrCat("'", line, "' has no number, expected metrics as text"));
  }
  int size = 0;
  if (name == "edgenext_execution_cost_seconds" && absl::SimpleAtoi(Label(series, "batch_size"), &size)) {
    readings.cost[size] = absl::Seconds(value);
  } else if (name == "edgenext_stage_duration_seconds_sum") {
    readings.stages[std::string(Label(series, "stage"))].seconds = value;
  } else if (name == "edgenext_stage_duration_seconds_count") {
    readings.stages[std::string(Label(series, "stage"))].images = value;
  } else if (name == "process_cpu_seconds_total") {
    readings.process_cpu = value;
  } else if (name == "edgenext_compute_cpu_seconds_total") {
    readings.compute_cpu = value;
  } else if (name == "edgenext_inferences_total") {
    readings.inferences += value;
  } else if (name == "edgenext_requests_rejected_total") {
    readings.rejected += value;
  }
  return absl::OkStatus();
}

absl::StatusOr<Readings> Read(absl::string_view metrics) {
  Readings readings;
  for (const absl::string_view line : absl::StrSplit(metrics, '\n')) {
    if (absl::StartsWith(line, "#")) continue;
    EDGENEXT_RETURN_IF_ERROR(ReadLine(line, readings));
  }
  return readings;
}

// What of the time of images their threads computed. Meanwhile polling threads, or other programs, had the
// core.
double ComputedShare(Readings& readings) {
  double seconds = 0;
  for (const char* stage : {"decode", "preprocess", "execute"}) seconds += readings.stages[stage].seconds;
  return readings.compute_cpu > 0 && seconds > 0 ? readings.compute_cpu / seconds : 1;
}

absl::StatusOr<ServiceModel> ModelOf(Readings& readings) {
  std::vector<CostTable::Entry> believed, real;
  const double share = ComputedShare(readings);
  const absl::Duration execute = readings.stages["execute"].Mean() * share;
  for (const auto& [size, cost] : readings.cost) {
    if (cost <= absl::ZeroDuration()) continue;
    // The server executes image by image, so what one really takes scales the whole table.
    const double scale = believed.empty() ? 1 : absl::FDivDuration(cost, believed.front().duration);
    real.push_back({size, execute > absl::ZeroDuration() ? execute * scale : cost});
    believed.push_back({size, cost});
  }
  if (believed.empty() || believed.front().batch_size != 1) {
    return absl::NotFoundError(
        "the metrics have no edgenext_execution_cost_seconds of a batch of 1, expected /metrics of a server "
        "that "
        "is ready");
  }
  ServiceModel model;
  model.believed = CostTable(std::move(believed));
  model.execution = CostTable(std::move(real));
  model.decode = (readings.stages["decode"].Mean() + readings.stages["preprocess"].Mean()) * share;
  return model;
}

}  // namespace

absl::StatusOr<ServiceModel> ReadScrape(absl::string_view metrics) {
  EDGENEXT_ASSIGN_OR_RETURN(Readings readings, Read(metrics));
  EDGENEXT_ASSIGN_OR_RETURN(ServiceModel model, ModelOf(readings));
  for (const char* stage : {"parse", "postprocess", "send"}) model.overhead += readings.stages[stage].Mean();
  return model;
}

absl::StatusOr<ServiceModel> ReadScrapes(absl::string_view before, absl::string_view after,
                                         absl::Duration refusal_cost) {
  EDGENEXT_ASSIGN_OR_RETURN(Readings old, Read(before));
  EDGENEXT_ASSIGN_OR_RETURN(Readings readings, Read(after));
  for (auto& [name, stage] : readings.stages) {
    stage.seconds -= old.stages[name].seconds;
    stage.images -= old.stages[name].images;
  }
  readings.compute_cpu -= old.compute_cpu;
  const double images = readings.inferences - old.inferences;
  if (images <= 0) {
    return absl::FailedPreconditionError(absl::StrCat("edgenext_inferences_total grew by ", images,
                                                      " between the scrapes, expected images in between"));
  }
  EDGENEXT_ASSIGN_OR_RETURN(ServiceModel model, ModelOf(readings));
  const absl::Duration around = absl::Seconds(readings.process_cpu - old.process_cpu - readings.compute_cpu);
  model.overhead =
      std::max(around - refusal_cost * (readings.rejected - old.rejected), absl::ZeroDuration()) / images;
  return model;
}

}  // namespace edgenext::serving
