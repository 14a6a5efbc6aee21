#include "client/load/server_cost.h"

namespace edgenext {
namespace {

constexpr char kCpu[] = "process_cpu_seconds_total";
constexpr char kStart[] = "process_start_time_seconds";
constexpr char kComputeCpu[] = "edgenext_compute_cpu_seconds_total";
constexpr char kRequests[] = "edgenext_requests_total";
constexpr char kImages[] = "edgenext_inferences_total";
constexpr char kBatchSizeSum[] = "edgenext_batch_size_sum";
constexpr char kBatchSizeCount[] = "edgenext_batch_size_count";
constexpr char kStageSum[] = "edgenext_stage_duration_seconds_sum";
constexpr char kStageCount[] = "edgenext_stage_duration_seconds_count";

class Difference {
 public:
  Difference(const MetricsText& before, const MetricsText& after) : before_(before), after_(after) {}

  absl::optional<double> Of(absl::string_view name, const MetricsText::Labels& labels = {}) const {
    const absl::optional<double> after = after_.Sum(name, labels);
    if (!after.has_value()) return absl::nullopt;
    return *after - before_.Sum(name, labels).value_or(0);
  }

  // How much the sum grew for each one that the count did.
  absl::optional<double> MeanOf(absl::string_view sum, absl::string_view count,
                                const MetricsText::Labels& labels = {}) const {
    const double number = Of(count, labels).value_or(0);
    if (number <= 0) return absl::nullopt;
    return Of(sum, labels).value_or(0) / number;
  }

 private:
  const MetricsText& before_;
  const MetricsText& after_;
};

}  // namespace

absl::StatusOr<ServerCost> CostBetween(const MetricsText& before, const MetricsText& after) {
  const Difference difference(before, after);
  const absl::optional<double> cpu = difference.Of(kCpu);
  if (!cpu.has_value() || !after.Sum(kRequests).has_value()) {
    return absl::FailedPreconditionError("it has not the metrics of an edgenext-server");
  }
  if (before.Sum(kStart) != after.Sum(kStart)) {
    return absl::FailedPreconditionError("the server was restarted meanwhile");
  }
  ServerCost cost;
  cost.cpu_s = *cpu;
  cost.compute_cpu_s = difference.Of(kComputeCpu);
  for (const std::string& code : after.Values(kRequests, "code")) {
    for (const char* method : {"Classify", "ModelInfer"}) {
      const double count = difference.Of(kRequests, {{"code", code}, {"method", method}}).value_or(0);
      if (count <= 0) continue;
      cost.requests_by_code[code] += count;
      cost.requests += count;
    }
  }
  cost.images = difference.Of(kImages).value_or(0);
  cost.mean_batch_size = difference.MeanOf(kBatchSizeSum, kBatchSizeCount);
  for (const std::string& stage : after.Values(kStageCount, "stage")) {
    const absl::optional<double> mean = difference.MeanOf(kStageSum, kStageCount, {{"stage", stage}});
    if (mean.has_value()) cost.stage_mean_ms[stage] = 1000 * *mean;
  }
  return cost;
}

}  // namespace edgenext
