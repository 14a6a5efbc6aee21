#ifndef SERVER_MACHINE_CGROUP_H_
#define SERVER_MACHINE_CGROUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace edgenext::serving {

// How often and how long a quota held a cgroup's threads back.
struct CpuStatistics {
  int64_t periods = 0;
  int64_t throttled_periods = 0;
  absl::Duration throttled;
};

// The control groups of this process: version 1, version 2, or both side by side (hybrid). A limit may be set
// on any ancestor, so the smallest counts. Found once, in the constructor; limits and statistics are read at
// each call. Thread-compatible; const members are thread-safe.
// https://www.kernel.org/doc/Documentation/cgroup-v1/ and
// https://www.kernel.org/doc/Documentation/admin-guide/cgroup-v2.rst
class Cgroups {
 public:
  // 1.5 CPUs are 150 ms of CPU time in each period of 100 ms.
  struct Quota {
    double cpus;
    absl::Duration period;
  };

  // `root` is put before every path.
  explicit Cgroups(const std::string& root = "");

  // Absent: no quota.
  absl::optional<Quota> CpuQuota() const;
  absl::optional<int64_t> MemoryLimitBytes() const;
  // Of the cgroup whose quota is the smallest; all zero where there is no quota.
  CpuStatistics ReadCpuStatistics() const;

 private:
  // One folder from the process's own cgroup up to the mount's root, own first.
  struct Level {
    std::string folder;
    int version;
  };

  // Null if there is none; else *smallest is set.
  const Level* FindSmallestQuota(absl::optional<Quota>* smallest) const;

  std::vector<Level> cpu_levels_;
  std::vector<Level> memory_levels_;
};

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_CGROUP_H_
