#include "server/metrics/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "model/base/cpu_clock.h"
#include "model/base/pseudo_file.h"

namespace edgenext::serving {
namespace {

double CountEntries(const std::string& folder) {
  DIR* open_folder = opendir(folder.c_str());
  if (open_folder == nullptr) return 0;
  double count = 0;
  while (const dirent* entry = readdir(open_folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(open_folder);
  return count - 1;  // the one that listed them
}

double BootTime(const std::string& proc) {
  for (const absl::string_view line : absl::StrSplit(ReadPseudoFile(proc + "/stat"), '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    double seconds = 0;
    if (words[0] == "btime" && words.size() == 2 && absl::SimpleAtod(words[1], &seconds)) return seconds;
  }
  return 0;
}

}  // namespace

ProcessStats ReadProcessStats(const std::string& proc) {
  ProcessStats stats;
  stats.cpu_seconds = absl::ToDoubleSeconds(ProcessCpuTime());
  stats.open_fds = CountEntries(proc + "/self/fd");
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<double>(limit.rlim_cur);

  // The second field is the program's name in parentheses and may hold anything: count from its end.
  const std::string text = ReadPseudoFile(proc + "/self/stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return stats;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text).substr(name_end + 1), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  const auto field = [&fields](size_t number) {  // as proc(5) numbers them; the first after the name is 3
    double value = 0;
    if (number - 3 >= fields.size() || !absl::SimpleAtod(fields[number - 3], &value)) return 0.0;
    return value;
  };
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.threads = field(20);
  stats.start_time_seconds = BootTime(proc) + field(22) / ticks_per_second;
  stats.virtual_memory_bytes = field(23);
  stats.resident_memory_bytes = field(24) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return stats;
}

}  // namespace edgenext::serving
