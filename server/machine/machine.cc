#include "server/machine/machine.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "model/base/pseudo_file.h"
#include "server/machine/cgroup.h"
#include "server/machine/cpu_list.h"

namespace edgenext::serving {
namespace {

// The value of `key` in a file of lines "key: value", without the spaces around it.
std::string LineValue(const std::string& path, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(ReadPseudoFile(path), '\n')) {
    if (absl::ConsumePrefix(&line, key) && absl::ConsumePrefix(&line, ":")) {
      return std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return "";
}

std::vector<std::vector<int>> GroupByCore(const std::vector<int>& cpus, const std::string& root) {
  std::vector<std::vector<int>> cores;
  for (const int cpu : cpus) {
    const std::string topology = absl::StrCat(root, "/sys/devices/system/cpu/cpu", cpu, "/topology/");
    std::vector<int> siblings = ParseCpuList(ReadPseudoFile(topology + "core_cpus_list"));
    if (siblings.empty())
      siblings = ParseCpuList(ReadPseudoFile(topology + "thread_siblings_list"));  // before 5.3
    const auto core = std::find_if(cores.begin(), cores.end(), [&siblings](const std::vector<int>& others) {
      return std::find(siblings.begin(), siblings.end(), others.front()) != siblings.end();
    });
    if (core == cores.end()) {
      cores.push_back({cpu});
    } else {
      core->push_back(cpu);
    }
  }
  return cores;
}

int64_t PhysicalMemoryBytes(const std::string& root) {
  int64_t kibibytes = 0;
  const std::string text = LineValue(root + "/proc/meminfo", "MemTotal");
  return absl::SimpleAtoi(absl::StripSuffix(text, " kB"), &kibibytes) ? kibibytes * 1024 : 0;
}

}  // namespace

Machine ReadMachine(const std::string& root) {
  Machine machine;
  machine.allowed_cpus = ParseCpuList(LineValue(root + "/proc/self/status", "Cpus_allowed_list"));
  if (machine.allowed_cpus.empty()) machine.allowed_cpus = {0};
  machine.cores = GroupByCore(machine.allowed_cpus, root);

  const Cgroups cgroups(root);
  if (const absl::optional<Cgroups::Quota> quota = cgroups.CpuQuota()) {
    machine.cpu_quota = quota->cpus;
    machine.cpu_quota_period = quota->period;
  }
  machine.memory_limit_bytes = PhysicalMemoryBytes(root);
  const absl::optional<int64_t> limit = cgroups.MemoryLimitBytes();
  if (limit && (machine.memory_limit_bytes == 0 || *limit < machine.memory_limit_bytes)) {
    machine.memory_limit_bytes = *limit;
  }
  return machine;
}

int DefaultWorkers(const Machine& machine) {
  const auto cores = static_cast<int>(machine.cores.size());
  if (!machine.cpu_quota || *machine.cpu_quota >= cores) return std::max(1, cores);
  return std::max(1, static_cast<int>(std::floor(*machine.cpu_quota)));
}

std::vector<int> PinnedCpus(const Machine& machine, PinMode mode, int workers) {
  if (mode == PinMode::kOff) return {};
  if (mode == PinMode::kAuto) {
    const bool one_cpu_each = machine.allowed_cpus.size() == static_cast<size_t>(workers);
    const bool quota_is_smaller = machine.cpu_quota && *machine.cpu_quota < workers;
    return one_cpu_each && !quota_is_smaller ? machine.allowed_cpus : std::vector<int>();
  }
  std::vector<int> order;
  for (size_t thread = 0; order.size() < machine.allowed_cpus.size(); ++thread) {
    for (const std::vector<int>& core : machine.cores) {
      if (thread < core.size()) order.push_back(core[thread]);
    }
  }
  std::vector<int> pinned;
  for (int worker = 0; worker < workers; ++worker) {
    pinned.push_back(order[static_cast<size_t>(worker) % order.size()]);
  }
  return pinned;
}

}  // namespace edgenext::serving
