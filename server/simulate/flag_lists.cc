#include "server/simulate/flag_lists.h"

#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "model/base/status_macros.h"

namespace edgenext::serving {
namespace {

absl::Status Unexpected(absl::string_view found, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", found, "' is not ", expected));
}

absl::StatusOr<double> ParseNumber(absl::string_view text, absl::string_view expected) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value) || value < 0)
    return Unexpected(text, expected);
  return value;
}

// A:B, or A alone with an empty B.
std::pair<absl::string_view, absl::string_view> SplitAtColon(absl::string_view text) {
  return absl::StrSplit(text, absl::MaxSplits(':', 1));
}

absl::StatusOr<double> ParseWeight(absl::string_view text) {
  if (text.empty()) return 1;
  EDGENEXT_ASSIGN_OR_RETURN(const double weight, ParseNumber(text, "a weight, as 1 or 0.3"));
  if (weight == 0) return Unexpected(text, "a weight above 0");
  return weight;
}

absl::StatusOr<double> ParseRequestsPerSecond(absl::string_view text, double capacity) {
  constexpr absl::string_view kExpected = "a rate, as 200 (requests a second) or 1.5x (the capacity)";
  const bool relative = absl::ConsumeSuffix(&text, "x");
  EDGENEXT_ASSIGN_OR_RETURN(const double rate, ParseNumber(text, kExpected));
  return relative ? rate * capacity : rate;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseTime(absl::string_view text) {
  absl::Duration time;
  if (!absl::ParseDuration(text, &time) || time < absl::ZeroDuration() || time > absl::Hours(24 * 365)) {
    return Unexpected(text, "a duration, as 250us, 2.3ms or 10s");
  }
  return time;
}

absl::StatusOr<CostTable> ParseCost(absl::string_view text) {
  std::vector<CostTable::Entry> entries;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const auto [size_text, time_text] = SplitAtColon(part);
    CostTable::Entry entry = {};
    const int least = entries.empty() ? 1 : entries.back().batch_size + 1;
    if (!absl::SimpleAtoi(size_text, &entry.batch_size) || entry.batch_size < least ||
        (entries.empty() && entry.batch_size != 1)) {
      return Unexpected(part, "SIZE:DURATION with sizes that rise from 1, as 1:2.3ms,2:4.4ms");
    }
    EDGENEXT_ASSIGN_OR_RETURN(entry.duration, ParseTime(time_text));
    if (entry.duration == absl::ZeroDuration()) return Unexpected(part, "a cost above 0");
    if (!entries.empty() && entry.duration < entries.back().duration) {
      return Unexpected(part, "at least the cost of a smaller batch");
    }
    entries.push_back(entry);
  }
  return CostTable(std::move(entries));
}

absl::StatusOr<RateCurve> ParseRate(absl::string_view text, absl::Duration period, double capacity) {
  std::vector<RateCurve::Point> points;
  if (text.find(':') == absl::string_view::npos) {
    EDGENEXT_ASSIGN_OR_RETURN(const double rate, ParseRequestsPerSecond(text, capacity));
    points.push_back({absl::ZeroDuration(), rate});
  } else {
    for (const absl::string_view part : absl::StrSplit(text, ',')) {
      const auto [time_text, rate_text] = SplitAtColon(part);
      RateCurve::Point point = {};
      EDGENEXT_ASSIGN_OR_RETURN(point.at, ParseTime(time_text));
      EDGENEXT_ASSIGN_OR_RETURN(point.rate, ParseRequestsPerSecond(rate_text, capacity));
      points.push_back(point);
    }
  }
  return RateCurve::Make(std::move(points), period);
}

absl::StatusOr<std::vector<Weighted<absl::Duration>>> ParseTimeouts(absl::string_view text) {
  std::vector<Weighted<absl::Duration>> timeouts;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const auto [time_text, weight_text] = SplitAtColon(part);
    Weighted<absl::Duration> timeout = {absl::InfiniteDuration(), 1};
    if (time_text != "none") {
      EDGENEXT_ASSIGN_OR_RETURN(timeout.value, ParseTime(time_text));
    }
    EDGENEXT_ASSIGN_OR_RETURN(timeout.weight, ParseWeight(weight_text));
    timeouts.push_back(timeout);
  }
  return timeouts;
}

absl::StatusOr<std::vector<Weighted<std::string>>> ParseClients(absl::string_view text) {
  std::vector<Weighted<std::string>> clients;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const auto [name, weight_text] = SplitAtColon(part);
    if (name.empty()) return Unexpected(part, "NAME or NAME:WEIGHT");
    EDGENEXT_ASSIGN_OR_RETURN(const double weight, ParseWeight(weight_text));
    Weighted<std::string> client = {"", weight};
    client.value.assign(name.begin(), name.end());
    clients.push_back(std::move(client));
  }
  return clients;
}

}  // namespace edgenext::serving
