#include "server/machine/machine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "model/base/pseudo_file.h"
#include "server/machine/cgroup.h"
#include "server/machine/cpu_list.h"
#include "server/machine/line_value.h"
#include "server/machine/numa.h"

namespace edgenext::serving {
namespace {

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
  machine.numa_nodes = GroupByNumaNode(machine.allowed_cpus, root);

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
  pinned.reserve(static_cast<size_t>(workers));
  for (int worker = 0; worker < workers; ++worker) {
    pinned.push_back(order[static_cast<size_t>(worker) % order.size()]);
  }
  return pinned;
}

std::vector<std::vector<int>> NodesOf(const Machine& machine, const std::vector<int>& pinned) {
  std::vector<std::vector<int>> nodes;
  for (const std::vector<int>& node : machine.numa_nodes) {
    std::vector<int> cpus;
    std::copy_if(node.begin(), node.end(), std::back_inserter(cpus),
                 [&pinned](int cpu) { return std::find(pinned.begin(), pinned.end(), cpu) != pinned.end(); });
    if (!cpus.empty()) nodes.push_back(std::move(cpus));
  }
  return nodes;
}

}  // namespace edgenext::serving
