#ifndef SERVER_FLAG_VALUES_H_
#define SERVER_FLAG_VALUES_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace edgenext::serving {

// How the values of flags are written. Each returns INVALID_ARGUMENT whose message is what was expected, as
// "a whole number from 1 to 8192"; the caller knows the flag and the text.

absl::StatusOr<int64_t> ParseWholeNumber(absl::string_view text, int64_t least, int64_t most);

// Plain bytes, or a whole number with KiB, MiB or GiB.
absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t least, int64_t most);

// 250ms, 10s, 5m, 1h30m, 0.
absl::StatusOr<absl::Duration> ParseDurationFlag(absl::string_view text, absl::Duration least);

absl::StatusOr<bool> ParseBool(absl::string_view text);

// The value beside the first of `choices` that is named `text`.
template <typename T>
absl::StatusOr<T> ParseChoice(absl::string_view text,
                              std::initializer_list<std::pair<absl::string_view, T>> choices) {
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("one of ", absl::StrJoin(choices, ", ", [](std::string* out, const auto& choice) {
                     absl::StrAppend(out, choice.first);
                   })));
}

}  // namespace edgenext::serving

#endif  // SERVER_FLAG_VALUES_H_
