#ifndef SERVER_MACHINE_NUMA_H_
#define SERVER_MACHINE_NUMA_H_

#include <string>
#include <vector>

namespace edgenext::serving {

// `cpus` grouped by the NUMA node whose memory is the nearest of that which the process may use (Mems_allowed
// of /proc/self/status), by rising node: a CPU's own node, else, if that has no memory or none that is
// allowed, the nearest by the firmware's distances, the lowest of equal ones. So it is where the kernel puts
// a page that a thread on that CPU is the first to touch. One group where sysfs tells of no nodes. `root` is
// put before every path. https://docs.kernel.org/mm/numa.html
std::vector<std::vector<int>> GroupByNumaNode(const std::vector<int>& cpus, const std::string& root);

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_NUMA_H_
