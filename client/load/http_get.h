#ifndef CLIENT_LOAD_HTTP_GET_H_
#define CLIENT_LOAD_HTTP_GET_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace edgenext {

// The body of http://HOST:PORT`path`, where `address` is "HOST:PORT" or "[IPV6]:PORT": one request of
// HTTP/1.0, which needs no chunks, no redirects and no keep-alive. Blocks at most `timeout` after the name is
// resolved. UNAVAILABLE where nobody answers, DEADLINE_EXCEEDED, and UNKNOWN for another status than 200 or
// over 16 MiB.
absl::StatusOr<std::string> HttpGet(const std::string& address, absl::string_view path,
                                    absl::Duration timeout);

}  // namespace edgenext

#endif  // CLIENT_LOAD_HTTP_GET_H_
