#ifndef CLIENT_LOAD_FLAG_TEXT_H_
#define CLIENT_LOAD_FLAG_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/load/load_options.h"

namespace edgenext {

// What the values of flags mean. INVALID_ARGUMENT says what was expected.

// "250ms", "10s"; from `least` to kLongestRun.
absl::StatusOr<absl::Duration> ParseLoadDuration(absl::string_view text, absl::Duration least);

// "200ms", or a mix with weights as "50ms:1,200ms:3".
absl::StatusOr<std::vector<LoadOptions::WeightedDeadline>> ParseDeadlines(absl::string_view text);

// "256" or "224x320", height by width, each from 1 to 16384.
absl::StatusOr<std::pair<int, int>> ParseInputSize(absl::string_view text);

// "KEY=VALUE" that gRPC takes as metadata: a key of 0-9 a-z _ . - that is not gRPC's own, and a value of
// printable ASCII.
absl::StatusOr<std::pair<std::string, std::string>> ParseHeader(absl::string_view text);

// Where the server at gRPC's `target` has its metrics if nothing else is said: its host at port 8002.
std::string DefaultMetricsAddress(absl::string_view target);

}  // namespace edgenext

#endif  // CLIENT_LOAD_FLAG_TEXT_H_
