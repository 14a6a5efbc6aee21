#ifndef SERVER_METRICS_PROCESS_STATS_H_
#define SERVER_METRICS_PROCESS_STATS_H_

#include <string>

namespace edgenext::serving {

// What the kernel tells of this process, in the units of the `process_*` metrics
// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). What cannot be read stays
// 0.
struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since the Unix epoch
  double resident_memory_bytes = 0;
  double virtual_memory_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double threads = 0;
};

// Reads PROC/self and PROC/stat, where `proc` is the folder where procfs is mounted (proc(5)), and asks the
// kernel for CPU time and limits.
ProcessStats ReadProcessStats(const std::string& proc = "/proc");

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_PROCESS_STATS_H_
