#include "server/simulate/workload.h"

#include <cmath>

#include "absl/status/status.h"
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
  const absl::optional<TraceLine> line = NextLine();
  if (!line || line->at >= options_.duration) return absl::nullopt;
  Arrival arrival;
  arrival.at = line->at;
  arrival.timeout = options_.timeouts[Pick(options_.timeouts, attributes_.Uniform())].value;
  if (line->timeout) arrival.timeout = *line->timeout;
  arrival.task_class =
      attributes_.Uniform() < options_.bulk_share ? TaskClass::kBulk : TaskClass::kInteractive;
  if (line->task_class) arrival.task_class = *line->task_class;
  arrival.client = static_cast<int>(Pick(options_.clients, attributes_.Uniform()));
  arrival.work = DrawWork();
  return arrival;
}

absl::optional<TraceLine> Workload::NextLine() {
  if (!options_.trace.empty()) {
    if (next_in_trace_ == options_.trace.size()) return absl::nullopt;
    return options_.trace[next_in_trace_++];
  }
  last_ = options_.rate.Advance(last_, options_.poisson ? times_.Exponential() : 1);
  if (last_ == absl::InfiniteDuration()) return absl::nullopt;
  return TraceLine{last_, {}, {}};
}

double Workload::DrawWork() {
  if (options_.work_variation <= 0) return 1;
  const double variance = std::log1p(options_.work_variation * options_.work_variation);
  return std::exp(std::sqrt(variance) * attributes_.Normal() - variance / 2);
}

absl::StatusOr<std::vector<TraceLine>> ParseTrace(absl::string_view text) {
  std::vector<TraceLine> trace;
  int number = 0;
  const auto wrong = [&number](absl::string_view word, absl::string_view expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", number, " of the trace has '", word.substr(0, 40), "', expected ", expected));
  };
  for (const absl::string_view text_line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::vector<absl::string_view> words = absl::StrSplit(text_line.substr(0, text_line.find('#')),
                                                                absl::ByAnyChar(" \t\r,"), absl::SkipEmpty());
    if (words.empty()) continue;
    double seconds = 0;
    if (!absl::SimpleAtod(words[0], &seconds) || !std::isfinite(seconds) || seconds < 0) {
      return wrong(words[0], "seconds since the start");
    }
    TraceLine line = {absl::Seconds(seconds), {}, {}};
    if (!trace.empty() && line.at < trace.back().at) return wrong(words[0], "no less than the line before");
    for (size_t i = 1; i < words.size(); ++i) {
      absl::Duration timeout;
      if (words[i] == "interactive" || words[i] == "bulk") {
        line.task_class = words[i] == "bulk" ? TaskClass::kBulk : TaskClass::kInteractive;
      } else if (absl::ParseDuration(words[i], &timeout) && timeout > absl::ZeroDuration()) {
        line.timeout = timeout;
      } else {
        return wrong(words[i], "a deadline as 200ms, interactive or bulk");
      }
    }
    trace.push_back(line);
  }
  if (trace.empty())
    return absl::InvalidArgumentError("the trace has no line, expected seconds since the start");
  return trace;
}

}  // namespace edgenext::serving
