#include "client/load/arrivals.h"

#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/load/load_limits.h"
#include "client/load/random.h"

namespace edgenext {
namespace {

absl::Status WrongLine(size_t number, absl::string_view what, absl::string_view word) {
  return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", what, " '", word, "'"));
}

absl::Status ParseWord(size_t number, absl::string_view word, Arrival& arrival) {
  if (word == "bulk" || word == "interactive") {
    if (arrival.is_bulk.has_value()) return WrongLine(number, "a second priority,", word);
    arrival.is_bulk = word == "bulk";
    return absl::OkStatus();
  }
  absl::Duration deadline;
  if (!absl::ParseDuration(word, &deadline) || deadline < kShortestDeadline || deadline > kLongestRun) {
    return WrongLine(number, "expected a deadline as 200ms, interactive or bulk, got", word);
  }
  if (arrival.deadline.has_value()) return WrongLine(number, "a second deadline,", word);
  arrival.deadline = deadline;
  return absl::OkStatus();
}

}  // namespace

Arrivals ConstantArrivals(double rate, absl::Duration length) {
  return [rate, length, next = uint64_t{0}]() mutable -> absl::optional<Arrival> {
    const absl::Duration offset = absl::Seconds(static_cast<double>(next++) / rate);
    if (offset >= length) return absl::nullopt;
    return Arrival{offset, {}, {}};
  };
}

Arrivals PoissonArrivals(double rate, absl::Duration length, uint64_t seed) {
  return [rate, length, random = Random(seed), seconds = 0.0]() mutable -> absl::optional<Arrival> {
    seconds += random.Exponential() / rate;
    const absl::Duration offset = absl::Seconds(seconds);
    if (offset >= length) return absl::nullopt;
    return Arrival{offset, {}, {}};
  };
}

Arrivals TraceArrivals(std::vector<Arrival> trace, absl::Duration length) {
  return [trace = std::move(trace), length, next = size_t{0}]() mutable -> absl::optional<Arrival> {
    if (next == trace.size() || trace[next].offset >= length) return absl::nullopt;
    return trace[next++];
  };
}

absl::StatusOr<std::vector<Arrival>> ParseTrace(absl::string_view text) {
  std::vector<Arrival> trace;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view content = line.substr(0, line.find('#'));
    const std::vector<absl::string_view> words =
        absl::StrSplit(content, absl::ByAnyChar(" \t\r,"), absl::SkipEmpty());
    if (words.empty()) continue;
    double seconds = 0;
    if (!absl::SimpleAtod(words[0], &seconds) || !std::isfinite(seconds) || seconds < 0 ||
        absl::Seconds(seconds) > kLongestRun) {
      return WrongLine(
          number,
          absl::StrCat("expected an offset of 0 to ", absl::ToInt64Seconds(kLongestRun), " seconds, got"),
          words[0]);
    }
    Arrival arrival{absl::Seconds(seconds), {}, {}};
    for (size_t i = 1; i < words.size(); ++i) {
      if (absl::Status status = ParseWord(number, words[i], arrival); !status.ok()) return status;
    }
    if (!trace.empty() && arrival.offset < trace.back().offset) {
      return WrongLine(number, "the offset is below that of the line before:", words[0]);
    }
    trace.push_back(arrival);
  }
  if (trace.empty()) return absl::InvalidArgumentError("no line with an offset");
  return trace;
}

}  // namespace edgenext
