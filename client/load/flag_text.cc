#include "client/load/flag_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/load/load_limits.h"

namespace edgenext {
namespace {

constexpr int kMostPixelsASide = 16384;
constexpr char kMetricsPort[] = ":8002";

absl::Status Wrong(absl::string_view text, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not ", expected));
}

bool IsSide(int side) { return side >= 1 && side <= kMostPixelsASide; }

bool IsKeyCharacter(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
}

}  // namespace

absl::StatusOr<absl::Duration> ParseLoadDuration(absl::string_view text, absl::Duration least) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < least || duration > kLongestRun) {
    return Wrong(text, absl::StrCat("a duration from ", absl::FormatDuration(least), " to ",
                                    absl::FormatDuration(kLongestRun), ", as 250ms, 10s or 5m"));
  }
  return duration;
}

absl::StatusOr<std::vector<LoadOptions::WeightedDeadline>> ParseDeadlines(absl::string_view text) {
  std::vector<LoadOptions::WeightedDeadline> deadlines;
  for (const absl::string_view entry : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(entry, absl::MaxSplits(':', 1));
    const absl::StatusOr<absl::Duration> deadline = ParseLoadDuration(parts.first, kShortestDeadline);
    if (!deadline.ok()) return deadline.status();
    double weight = 1;
    if (absl::StrContains(entry, ':') &&
        (!absl::SimpleAtod(parts.second, &weight) || !std::isfinite(weight) || weight <= 0)) {
      return Wrong(entry, "a deadline with a weight above 0, as 50ms:1");
    }
    deadlines.push_back({*deadline, weight});
  }
  return deadlines;
}

absl::StatusOr<std::pair<int, int>> ParseInputSize(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('x', 1));
  const absl::string_view width_text = absl::StrContains(text, 'x') ? parts.second : parts.first;
  int height = 0;
  int width = 0;
  if (!absl::SimpleAtoi(parts.first, &height) || !absl::SimpleAtoi(width_text, &width) || !IsSide(height) ||
      !IsSide(width)) {
    return Wrong(text, absl::StrCat("a size in pixels up to ", kMostPixelsASide, ", as 256 or 224x320"));
  }
  return std::make_pair(height, width);
}

absl::StatusOr<std::pair<std::string, std::string>> ParseHeader(absl::string_view text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const auto& [key, value] = parts;
  const bool is_key =
      !key.empty() && std::all_of(key.begin(), key.end(), IsKeyCharacter) && !absl::StartsWith(key, "grpc-");
  const bool is_value =
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return absl::ascii_isprint(c); });
  if (!absl::StrContains(text, '=') || !is_key || !is_value) {
    return Wrong(text,
                 "a header KEY=VALUE with a key of a-z 0-9 _ . - that does not begin with grpc-, and a value "
                 "of printable ASCII");
  }
  return parts;
}

std::string DefaultMetricsAddress(absl::string_view target) {
  if (absl::StartsWith(target, "unix")) return absl::StrCat("127.0.0.1", kMetricsPort);
  for (const absl::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&target, scheme)) break;
  }
  const absl::string_view first = target.substr(0, target.find(','));
  return absl::StrCat(first.substr(0, first.rfind(':')), kMetricsPort);
}

}  // namespace edgenext
