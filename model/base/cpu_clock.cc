#include "model/base/cpu_clock.h"

#include <time.h>

namespace edgenext {
namespace {

absl::Duration Read(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);  // cannot fail: Linux has both clocks
  return absl::DurationFromTimespec(time);
}

}  // namespace

absl::Duration ThreadCpuTime() { return Read(CLOCK_THREAD_CPUTIME_ID); }

absl::Duration ProcessCpuTime() { return Read(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace edgenext
