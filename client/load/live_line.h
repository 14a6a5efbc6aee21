#ifndef CLIENT_LOAD_LIVE_LINE_H_
#define CLIENT_LOAD_LIVE_LINE_H_

#include <string>

#include "client/load/load_trial.h"

namespace edgenext {

// A trial while it runs, in a line of at most `width` columns: what the last second brought.
//  "7/12 s  301/s: 299 good, 2 refused  12 open  p50 6.1 p99 14.2 ms  lag 0.06 ms"
// where lag is the p99 of the send lag.
std::string LiveLine(const LiveView& view, size_t width);

}  // namespace edgenext

#endif  // CLIENT_LOAD_LIVE_LINE_H_
