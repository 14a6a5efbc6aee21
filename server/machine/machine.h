#ifndef SERVER_MACHINE_MACHINE_H_
#define SERVER_MACHINE_MACHINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace edgenext::serving {

// What of the machine this process may use, as read once at start. A value type.
struct Machine {
  // The affinity mask, rising; never empty.
  std::vector<int> allowed_cpus;
  // The same CPUs grouped by physical core: allowed_cpus[i] shares its core with others only inside its
  // group.
  std::vector<std::vector<int>> cores;
  // The same CPUs grouped by the NUMA node whose memory is the nearest of that which the process may use, by
  // rising node; one group where nothing is known of nodes.
  std::vector<std::vector<int>> numa_nodes;
  // The smallest CPU quota of the process's cgroups and their ancestors, in CPUs.
  absl::optional<double> cpu_quota;
  absl::Duration cpu_quota_period;  // in which the kernel enforces it
  // The smallest memory limit of the same, at most the machine's memory; 0 if nothing is known.
  int64_t memory_limit_bytes = 0;
};

// Reads procfs and sysfs. `root` is put before every path, so that tests can bring a machine of their own;
// what is missing there is taken as absent: no quota, one CPU, one core a CPU.
Machine ReadMachine(const std::string& root = "");

enum class PinMode { kAuto, kOn, kOff };

// One worker for each physical core, but no more than the quota pays for, and at least one.
int DefaultWorkers(const Machine& machine);

// The CPU for each of `workers` threads, or empty to pin none. kAuto pins only where the process has its CPUs
// to itself by all appearances: exactly as many CPUs as workers and no smaller quota. kOn takes one CPU of
// every core before the second of any, and starts over when there are more workers than CPUs.
std::vector<int> PinnedCpus(const Machine& machine, PinMode mode, int workers);

// The CPUs of `pinned` by NUMA node, without the nodes that have none of them.
std::vector<std::vector<int>> NodesOf(const Machine& machine, const std::vector<int>& pinned);

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_MACHINE_H_
