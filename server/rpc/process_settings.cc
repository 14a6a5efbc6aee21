#include "server/rpc/process_settings.h"

#include <malloc.h>

#include "absl/synchronization/mutex.h"

namespace edgenext::serving {

void KeepMessageMemory() {
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

void SkipLockOrderChecks() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace edgenext::serving
