#ifndef SERVER_BATCHING_WORKER_THREAD_H_
#define SERVER_BATCHING_WORKER_THREAD_H_

#include <string>

#include "absl/status/status.h"

namespace edgenext::serving {

// How debuggers and `top -H` show the calling thread: the first 15 bytes of `name`.
void NameThisThread(const std::string& name);

// Lets the calling thread run on one CPU only. FAILED_PRECONDITION if the machine or the container forbids
// that CPU.
absl::Status PinThisThread(int cpu);

// Lowers the calling thread's priority, and no other's: Linux keeps niceness by thread (setpriority(2), "C
// library/ kernel differences"). `increment` >= 0 is added to the present value; 19 is the end.
absl::Status AddNiceToThisThread(int increment);

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_WORKER_THREAD_H_
