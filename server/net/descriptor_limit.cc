#include "server/net/descriptor_limit.h"

#include <sys/resource.h>

#include <cerrno>

#include "absl/status/status.h"

namespace edgenext::serving {

absl::StatusOr<uint64_t> RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::ErrnoToStatus(errno, "getrlimit(RLIMIT_NOFILE)");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::ErrnoToStatus(errno, "setrlimit(RLIMIT_NOFILE)");
  return limit.rlim_cur;
}

}  // namespace edgenext::serving
