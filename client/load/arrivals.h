#ifndef CLIENT_LOAD_ARRIVALS_H_
#define CLIENT_LOAD_ARRIVALS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace edgenext {

// When a request is meant to be sent, from the start of the run, and what a trace says of it.
struct Arrival {
  absl::Duration offset;
  absl::optional<absl::Duration> deadline;
  absl::optional<bool> is_bulk;
};

// Gives the arrivals one by one, by rising offset; none after the last. They do not depend on the answers:
// the loop is open.
using Arrivals = std::function<absl::optional<Arrival>()>;

// Every 1 / `rate` seconds, the first at 0, while the offset is below `length`.
Arrivals ConstantArrivals(double rate, absl::Duration length);

// With independent, exponentially distributed gaps of mean 1 / `rate` seconds, below `length`.
Arrivals PoissonArrivals(double rate, absl::Duration length, uint64_t seed);

// As they stand in `trace`, below `length`.
Arrivals TraceArrivals(std::vector<Arrival> trace, absl::Duration length);

// A trace is text: in each line the offset in seconds, then in any order, both optional, a deadline as
// "200ms" and "interactive" or "bulk". Offsets do not fall; empty lines and what follows a '#' are ignored.
// INVALID_ARGUMENT names the line.
absl::StatusOr<std::vector<Arrival>> ParseTrace(absl::string_view text);

}  // namespace edgenext

#endif  // CLIENT_LOAD_ARRIVALS_H_
