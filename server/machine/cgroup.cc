#include "server/machine/cgroup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "model/base/pseudo_file.h"

namespace edgenext::serving {
namespace {

// Version 1 writes "no limit" as the largest multiple of a page below 2^63.
constexpr int64_t kNoMemoryLimit = int64_t{1} << 62;

bool Contains(absl::string_view comma_separated, absl::string_view word) {
  for (const absl::string_view item : absl::StrSplit(comma_separated, ',')) {
    if (item == word) return true;
  }
  return false;
}

// Where a hierarchy is mounted (proc(5), /proc/pid/mountinfo).
struct Mount {
  std::string root;  // the cgroup that is seen at `point`
  std::string point;
};

// What `path` is below `ancestor`: "/b" for "/a/b" and "/a". Absent if it is not.
absl::optional<std::string> PathBelow(absl::string_view path, absl::string_view ancestor) {
  if (ancestor != "/" && !absl::ConsumePrefix(&path, ancestor)) return absl::nullopt;
  if (!path.empty() && path.front() != '/') return absl::nullopt;
  return std::string(absl::StripSuffix(path, "/"));
}

// The mount of version 2, or of version 1 with `controller`: the first that shows `path`, else the first.
// There may be several, as in a pod that looks at its host's tree too.
absl::optional<Mount> FindMount(const std::string& root, int version, absl::string_view controller,
                                absl::string_view path) {
  absl::optional<Mount> first;
  for (const absl::string_view line : absl::StrSplit(ReadPseudoFile(root + "/proc/self/mountinfo"), '\n')) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<absl::string_view> before = absl::StrSplit(halves.first, ' ');
    const std::vector<absl::string_view> after = absl::StrSplit(halves.second, ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const bool wanted =
        version == 2 ? after[0] == "cgroup2" : after[0] == "cgroup" && Contains(after[2], controller);
    if (!wanted) continue;
    Mount mount{std::string(before[3]), std::string(before[4])};
    if (PathBelow(path, mount.root)) return mount;
    if (!first) first = std::move(mount);
  }
  return first;
}

// The process's path in the hierarchy, as "/a/b".
absl::optional<std::string> FindPath(const std::string& root, int version, absl::string_view controller) {
  for (const absl::string_view line : absl::StrSplit(ReadPseudoFile(root + "/proc/self/cgroup"), '\n')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const bool wanted = version == 2 ? parts[0] == "0" && parts[1].empty() : Contains(parts[1], controller);
    if (wanted) return std::string(parts[2]);
  }
  return absl::nullopt;
}

// The folders from the process's cgroup up to the top of what is mounted.
std::vector<std::string> Folders(const std::string& root, int version, absl::string_view controller) {
  const absl::optional<std::string> path = FindPath(root, version, controller);
  if (!path) return {};
  const absl::optional<Mount> mount = FindMount(root, version, controller, *path);
  if (!mount) return {};
  // In a container the mount shows the container's cgroup while the path may be told from the host's root;
  // outside the mount's part of the tree nothing can be read.
  const std::string relative = PathBelow(*path, mount->root).value_or("");
  absl::string_view below = relative;
  if (absl::StrContains(below, "..")) below = "";

  std::vector<std::string> folders;
  const std::string top = root + mount->point;
  for (; !below.empty(); below = below.substr(0, below.rfind('/'))) {
    folders.push_back(top + std::string(below));
  }
  folders.push_back(top);
  return folders;
}

absl::optional<int64_t> ReadNumber(const std::string& path) {
  int64_t value = 0;
  if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(ReadPseudoFile(path)), &value)) return absl::nullopt;
  return value;
}

absl::optional<Cgroups::Quota> QuotaAt(const std::string& folder, int version) {
  int64_t quota = 0, period = 0;
  if (version == 2) {
    const std::string text = ReadPseudoFile(folder + "/cpu.max");
    const std::vector<absl::string_view> words = absl::StrSplit(absl::StripAsciiWhitespace(text), ' ');
    if (words.size() != 2 || !absl::SimpleAtoi(words[0], &quota) || !absl::SimpleAtoi(words[1], &period)) {
      return absl::nullopt;  // "max", or no such file
    }
  } else {
    quota = ReadNumber(folder + "/cpu.cfs_quota_us").value_or(-1);
    period = ReadNumber(folder + "/cpu.cfs_period_us").value_or(0);
  }
  if (quota <= 0 || period <= 0) return absl::nullopt;
  return Cgroups::Quota{static_cast<double>(quota) / static_cast<double>(period), absl::Microseconds(period)};
}

absl::optional<int64_t> MemoryLimitAt(const std::string& folder, int version) {
  const absl::optional<int64_t> limit =
      ReadNumber(folder + (version == 2 ? "/memory.max" : "/memory.limit_in_bytes"));
  return limit && *limit < kNoMemoryLimit ? limit : absl::nullopt;
}

}  // namespace

Cgroups::Cgroups(const std::string& root) {
  for (const int version : {1, 2}) {
    for (std::string& folder : Folders(root, version, "cpu"))
      cpu_levels_.push_back({std::move(folder), version});
    for (std::string& folder : Folders(root, version, "memory")) {
      memory_levels_.push_back({std::move(folder), version});
    }
  }
}

const Cgroups::Level* Cgroups::FindSmallestQuota(absl::optional<Quota>* smallest) const {
  const Level* found = nullptr;
  for (const Level& level : cpu_levels_) {
    const absl::optional<Quota> quota = QuotaAt(level.folder, level.version);
    if (!quota || (found != nullptr && quota->cpus >= (*smallest)->cpus)) continue;
    found = &level;
    *smallest = quota;
  }
  return found;
}

absl::optional<Cgroups::Quota> Cgroups::CpuQuota() const {
  absl::optional<Quota> quota;
  FindSmallestQuota(&quota);
  return quota;
}

absl::optional<int64_t> Cgroups::MemoryLimitBytes() const {
  absl::optional<int64_t> smallest;
  for (const Level& level : memory_levels_) {
    const absl::optional<int64_t> limit = MemoryLimitAt(level.folder, level.version);
    if (limit && (!smallest || *limit < *smallest)) smallest = limit;
  }
  return smallest;
}

CpuStatistics Cgroups::ReadCpuStatistics() const {
  absl::optional<Quota> quota;
  const Level* const smallest = FindSmallestQuota(&quota);
  CpuStatistics statistics;
  if (smallest == nullptr) return statistics;
  for (const absl::string_view line : absl::StrSplit(ReadPseudoFile(smallest->folder + "/cpu.stat"), '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    int64_t value = 0;
    if (!absl::SimpleAtoi(field.second, &value)) continue;
    if (field.first == "nr_periods") statistics.periods = value;
    if (field.first == "nr_throttled") statistics.throttled_periods = value;
    if (field.first == "throttled_time") statistics.throttled = absl::Nanoseconds(value);   // version 1
    if (field.first == "throttled_usec") statistics.throttled = absl::Microseconds(value);  // version 2
  }
  return statistics;
}

}  // namespace edgenext::serving
