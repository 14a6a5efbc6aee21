#include "server/machine/numa.h"

#include <algorithm>
#include <limits>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "model/base/pseudo_file.h"
#include "server/machine/cpu_list.h"
#include "server/machine/line_value.h"

namespace edgenext::serving {
namespace {

bool Contains(const std::vector<int>& numbers, int number) {
  return std::binary_search(numbers.begin(), numbers.end(), number);
}

// What sysfs tells of the nodes.
struct Nodes {
  std::string folder;
  std::vector<int> online;
  std::vector<int> usable;  // those with memory that the process may use

  std::string File(int node, const char* name) const {
    return absl::StrCat(folder, "/node", node, "/", name);
  }

  // From `node`, whose distances are listed in the order of the nodes that are online.
  int Nearest(int node) const {
    if (Contains(usable, node)) return node;
    const std::string text = ReadPseudoFile(File(node, "distance"));
    const std::vector<absl::string_view> distances =
        absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
    int nearest = usable.front();
    int shortest = std::numeric_limits<int>::max();
    for (size_t i = 0; i < std::min(distances.size(), online.size()); ++i) {
      int distance = 0;
      if (!Contains(usable, online[i]) || !absl::SimpleAtoi(distances[i], &distance)) continue;
      if (distance >= shortest) continue;
      shortest = distance;
      nearest = online[i];
    }
    return nearest;
  }
};

Nodes ReadNodes(const std::string& root) {
  Nodes nodes;
  nodes.folder = root + "/sys/devices/system/node";
  nodes.online = ParseCpuList(ReadPseudoFile(nodes.folder + "/online"));
  nodes.usable = ParseCpuList(ReadPseudoFile(nodes.folder + "/has_memory"));
  const std::vector<int> allowed = ParseCpuList(LineValue(root + "/proc/self/status", "Mems_allowed_list"));
  if (allowed.empty()) return nodes;
  nodes.usable.erase(std::remove_if(nodes.usable.begin(), nodes.usable.end(),
                                    [&allowed](int node) { return !Contains(allowed, node); }),
                     nodes.usable.end());
  return nodes;
}

}  // namespace

std::vector<std::vector<int>> GroupByNumaNode(const std::vector<int>& cpus, const std::string& root) {
  const Nodes nodes = ReadNodes(root);
  if (nodes.usable.empty()) return {cpus};
  std::map<int, int> memory_of_cpu;
  for (const int node : nodes.online) {
    for (const int cpu : ParseCpuList(ReadPseudoFile(nodes.File(node, "cpulist")))) {
      memory_of_cpu[cpu] = nodes.Nearest(node);
    }
  }
  std::map<int, std::vector<int>> groups;
  for (const int cpu : cpus) {
    const auto memory = memory_of_cpu.find(cpu);
    groups[memory == memory_of_cpu.end() ? nodes.usable.front() : memory->second].push_back(cpu);
  }
  std::vector<std::vector<int>> by_node;
  by_node.reserve(groups.size());
  for (auto& [node, group] : groups) by_node.push_back(std::move(group));
  return by_node;
}

}  // namespace edgenext::serving
