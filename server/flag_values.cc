#include "server/flag_values.h"

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace edgenext::serving {

absl::StatusOr<int64_t> ParseWholeNumber(absl::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < least || value > most) {
    return absl::InvalidArgumentError(absl::StrCat("a whole number from ", least, " to ", most));
  }
  return value;
}

absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t least, int64_t most) {
  int64_t unit = 1;
  if (absl::ConsumeSuffix(&text, "KiB")) {
    unit = int64_t{1} << 10;
  } else if (absl::ConsumeSuffix(&text, "MiB")) {
    unit = int64_t{1} << 20;
  } else if (absl::ConsumeSuffix(&text, "GiB")) {
    unit = int64_t{1} << 30;
  }
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 0 || value > most / unit || value * unit < least) {
    return absl::InvalidArgumentError(
        absl::StrCat(least, " to ", most, " bytes, as 65536, 64KiB, 10MiB or 1GiB"));
  }
  return value * unit;
}

absl::StatusOr<absl::Duration> ParseDurationFlag(absl::string_view text, absl::Duration least) {
  absl::Duration value;
  if (!absl::ParseDuration(text, &value) || value < least || value > absl::Hours(24 * 365)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a duration of at least ", absl::FormatDuration(least), ", as 250ms, 10s or 5m"));
  }
  return value;
}

absl::StatusOr<bool> ParseBool(absl::string_view text) {
  return ParseChoice<bool>(text, {{"true", true}, {"false", false}});
}

}  // namespace edgenext::serving
