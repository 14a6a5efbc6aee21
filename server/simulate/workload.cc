#include "server/simulate/workload.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace edgenext::serving {
namespace {

// Which of the values a number drawn from (0, 1) means.
template <typename T>
size_t Pick(const std::vector<Weighted<T>>& values, double drawn) {
  double total = 0;
  for (const Weighted<T>& value : values) total += value.weight;
  double left = drawn * total;
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    if (left < values[i].weight) return i;
    left -= values[i].weight;
  }
  return values.size() - 1;
}

}  // namespace

// The streams of random numbers are apart, so that what a request is like does not move when the next comes.
Workload::Workload(const WorkloadOptions& options)
    : options_(options), times_(options.seed), attributes_(options.seed ^ 0x9e3779b97f4a7c15u) {}

absl::optional<Arrival> Workload::Next() {
  const absl::optional<absl::Duration> at = NextTime();
  if (!at || *at >= options_.duration) return absl::nullopt;
  Arrival arrival;
  arrival.at = *at;
  arrival.timeout = options_.timeouts[Pick(options_.timeouts, attributes_.Uniform())].value;
  arrival.task_class =
      attributes_.Uniform() < options_.bulk_share ? TaskClass::kBulk : TaskClass::kInteractive;
  arrival.client = static_cast<int>(Pick(options_.clients, attributes_.Uniform()));
  arrival.work = DrawWork();
  return arrival;
}

absl::optional<absl::Duration> Workload::NextTime() {
  if (!options_.trace.empty()) {
    if (next_in_trace_ == options_.trace.size()) return absl::nullopt;
    return options_.trace[next_in_trace_++];
  }
  last_ = options_.rate.Advance(last_, options_.poisson ? times_.Exponential() : 1);
  if (last_ == absl::InfiniteDuration()) return absl::nullopt;
  return last_;
}

double Workload::DrawWork() {
  if (options_.work_variation <= 0) return 1;
  const double variance = std::log1p(options_.work_variation * options_.work_variation);
  return std::exp(std::sqrt(variance) * attributes_.Normal() - variance / 2);
}

absl::StatusOr<std::vector<absl::Duration>> ParseTrace(absl::string_view text) {
  std::vector<absl::Duration> times;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    double seconds = 0;
    if (!absl::SimpleAtod(line, &seconds) || !std::isfinite(seconds) || seconds < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number, " of the trace is '", line.substr(0, 40), "', expected seconds since the start"));
    }
    const absl::Duration at = absl::Seconds(seconds);
    if (!times.empty() && at < times.back()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, " of the trace is ", line,
                                                     ", expected at least the ",
                                                     absl::FormatDuration(times.back()), " before it"));
    }
    times.push_back(at);
  }
  if (times.empty())
    return absl::InvalidArgumentError("the trace has no line, expected seconds since the start");
  return times;
}

}  // namespace edgenext::serving
