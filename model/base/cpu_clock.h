#ifndef MODEL_BASE_CPU_CLOCK_H_
#define MODEL_BASE_CPU_CLOCK_H_

#include "absl/time/time.h"

namespace edgenext {

// CPU time spent so far, in user and kernel mode, to the nanosecond (clock_gettime(2)): not in the ticks of
// 10 ms that procfs counts in. Each is a system call. Thread-safe.
absl::Duration ThreadCpuTime();   // by the calling thread
absl::Duration ProcessCpuTime();  // by all threads of the process, those that have ended included

}  // namespace edgenext

#endif  // MODEL_BASE_CPU_CLOCK_H_
