#include "server/batching/worker_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace edgenext::serving {
namespace {

constexpr size_t kLongestName = 15;
constexpr int kLowestPriority = 19;

}  // namespace

void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, kLongestName).c_str());
}

absl::Status PinThisThread(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) {
    return absl::InvalidArgumentError(absl::StrCat("cannot pin a thread to CPU ", cpu));
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<size_t>(cpu), &cpus);
  if (const int error = pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus); error != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot pin a thread to CPU ", cpu, ": ", std::strerror(error)));
  }
  return absl::OkStatus();
}

absl::Status AddNiceToThisThread(int increment) {
  const auto thread = static_cast<id_t>(gettid());
  errno = 0;
  const int present = getpriority(PRIO_PROCESS, thread);
  if (errno != 0 || setpriority(PRIO_PROCESS, thread, std::min(present + increment, kLowestPriority)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot lower a thread's priority by ", increment, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace edgenext::serving
