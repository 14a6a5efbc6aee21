#ifndef SERVER_NET_DESCRIPTOR_LIMIT_H_
#define SERVER_NET_DESCRIPTOR_LIMIT_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace edgenext::serving {

// Raises the process's limit of open descriptors (RLIMIT_NOFILE) to what it may take without privilege, the
// hard limit, and returns it. Called once, at start.
absl::StatusOr<uint64_t> RaiseDescriptorLimit();

}  // namespace edgenext::serving

#endif  // SERVER_NET_DESCRIPTOR_LIMIT_H_
