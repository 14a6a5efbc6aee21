#include "server/machine/cgroup.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/machine/fake_root.h"

namespace edgenext::serving {
namespace {

using ::testing::Eq;
using testing::FakeRoot;
using ::testing::Optional;

constexpr char kNoLimitV1[] = "9223372036854771712\n";

// In CPUs.
absl::optional<double> QuotaOf(const Cgroups& cgroups) {
  const absl::optional<Cgroups::Quota> quota = cgroups.CpuQuota();
  return quota ? absl::optional<double>(quota->cpus) : absl::nullopt;
}

// As a Kubernetes node with version 2 shows it to the host.
TEST(CgroupTest, Version2TakesTheSmallestOfAllAncestors) {
  FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/kubepods.slice/pod1.slice/container.scope\n");
  root.Write("/proc/self/mountinfo",
             "24 30 0:22 / /sys rw,nosuid - sysfs sysfs rw\n"
             "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
             "rw,nsdelegate\n");
  const std::string top = "/sys/fs/cgroup/kubepods.slice";
  root.Write(top + "/cpu.max", "800000 100000\n");
  root.Write(top + "/memory.max", "max\n");
  root.Write(top + "/pod1.slice/cpu.max", "150000 100000\n");
  root.Write(top + "/pod1.slice/memory.max", "536870912\n");
  root.Write(top + "/pod1.slice/cpu.stat",
             "usage_usec 4000000\nuser_usec 3000000\nsystem_usec 1000000\n"
             "nr_periods 120\nnr_throttled 7\nthrottled_usec 350000\n");
  root.Write(top + "/pod1.slice/container.scope/cpu.max", "400000 100000\n");
  root.Write(top + "/pod1.slice/container.scope/memory.max", "1073741824\n");
  root.Write(top + "/pod1.slice/container.scope/cpu.stat",
             "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");

  const Cgroups cgroups(root.path());
  EXPECT_THAT(QuotaOf(cgroups), Optional(1.5));
  EXPECT_THAT(cgroups.MemoryLimitBytes(), Optional(536870912));
  const CpuStatistics statistics = cgroups.ReadCpuStatistics();
  EXPECT_EQ(statistics.periods, 120);
  EXPECT_EQ(statistics.throttled_periods, 7);
  EXPECT_EQ(statistics.throttled, absl::Milliseconds(350));
}

// As Docker on a version 1 host shows it to a container: the path is told from the host's root, while the
// mounts show the container's part only. The controllers cpu and cpuacct share a hierarchy.
TEST(CgroupTest, Version1InAContainerTakesTheMountsPartOffThePath) {
  FakeRoot root;
  root.Write("/proc/self/cgroup",
             "11:memory:/docker/0123abc\n"
             "4:cpu,cpuacct:/docker/0123abc\n"
             "3:cpuset:/docker/0123abc\n"
             "1:name=systemd:/docker/0123abc\n");
  root.Write(
      "/proc/self/mountinfo",
      "710 700 0:26 /docker/0123abc /sys/fs/cgroup/systemd ro - cgroup cgroup rw,xattr,name=systemd\n"
      "711 700 0:29 /docker/0123abc /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n"
      "712 700 0:30 /docker/0123abc /sys/fs/cgroup/cpu,cpuacct ro master:12 - cgroup cgroup rw,cpu,cpuacct\n"
      "713 700 0:31 /docker/0123abc /sys/fs/cgroup/memory ro master:13 - cgroup cgroup rw,memory\n");
  root.Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  root.Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  root.Write("/sys/fs/cgroup/cpu,cpuacct/cpu.stat",
             "nr_periods 9\nnr_throttled 2\nthrottled_time 123456789\n");
  root.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");

  const Cgroups cgroups(root.path());
  EXPECT_THAT(QuotaOf(cgroups), Optional(2.5));
  EXPECT_THAT(cgroups.MemoryLimitBytes(), Optional(2147483648));
  const CpuStatistics statistics = cgroups.ReadCpuStatistics();
  EXPECT_EQ(statistics.periods, 9);
  EXPECT_EQ(statistics.throttled_periods, 2);
  EXPECT_EQ(statistics.throttled, absl::Nanoseconds(123456789));
}

// A part of the tree that is not mounted here cannot be read: what is mounted counts.
TEST(CgroupTest, APathOutsideTheMountFallsBackToItsRoot) {
  FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/../other/unit\n");
  root.Write("/proc/self/mountinfo", "35 24 0:30 /../other /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  root.Write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_THAT(QuotaOf(Cgroups(root.path())), Optional(1.0));

  FakeRoot sibling;  // /kube is not a parent of /kubepods
  sibling.Write("/proc/self/cgroup", "0::/kubepods/a\n");
  sibling.Write("/proc/self/mountinfo", "35 24 0:30 /kube /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  sibling.Write("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  sibling.Write("/sys/fs/cgrouppods/a/cpu.max", "100000 100000\n");
  EXPECT_THAT(QuotaOf(Cgroups(sibling.path())), Optional(3.0));
}

// Version 1 controllers beside an empty version 2 tree, as systemd's hybrid mode makes them.
TEST(CgroupTest, HybridReadsTheControllersWhereTheyAre) {
  FakeRoot root;
  root.Write("/proc/self/cgroup",
             "9:name=systemd:/user.slice\n4:memory:/box/inner\n1:cpu:/box/inner\n0::/user.slice\n");
  root.Write("/proc/self/mountinfo",
             "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
             "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
             "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
  root.Write("/sys/fs/cgroup/unified/user.slice/cgroup.procs", "1\n");
  root.Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  root.Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  root.Write("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "100000\n");
  root.Write("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "50000\n");
  root.Write("/sys/fs/cgroup/cpu/box/inner/cpu.cfs_quota_us", "-1\n");
  root.Write("/sys/fs/cgroup/cpu/box/inner/cpu.cfs_period_us", "100000\n");
  root.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", kNoLimitV1);
  root.Write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", kNoLimitV1);
  root.Write("/sys/fs/cgroup/memory/box/inner/memory.limit_in_bytes", "1000000\n");
  const Cgroups cgroups(root.path());
  EXPECT_THAT(QuotaOf(cgroups), Optional(2.0));
  EXPECT_THAT(cgroups.MemoryLimitBytes(), Optional(1000000));
}

TEST(CgroupTest, NoLimitsAndNoFilesAreNoLimits) {
  FakeRoot unlimited;
  unlimited.Write("/proc/self/cgroup", "2:memory:/\n1:cpu:/\n0::/\n");
  unlimited.Write("/proc/self/mountinfo",
                  "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                  "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  unlimited.Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  unlimited.Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  unlimited.Write("/sys/fs/cgroup/cpu/cpu.stat", "nr_periods 5\nnr_throttled 0\nthrottled_time 0\n");
  unlimited.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", kNoLimitV1);
  FakeRoot empty;
  FakeRoot garbage;
  garbage.Write("/proc/self/cgroup", "\n:::\nx\n0::\n");
  garbage.Write("/proc/self/mountinfo",
                "1 2 3\n - - -\n35 24 0:30 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  garbage.Write("/sys/fs/cgroup/cpu.max", "lots of it\n");
  garbage.Write("/sys/fs/cgroup/memory.max", "-\n");
  for (const FakeRoot* root : {&unlimited, &empty, &garbage}) {
    const Cgroups cgroups(root->path());
    EXPECT_THAT(QuotaOf(cgroups), Eq(absl::nullopt));
    EXPECT_THAT(cgroups.MemoryLimitBytes(), Eq(absl::nullopt));
    EXPECT_EQ(cgroups.ReadCpuStatistics().periods, 0);
  }
}

TEST(CgroupTest, ReadsThisMachine) {
  const Cgroups cgroups;
  EXPECT_GT(QuotaOf(cgroups).value_or(1), 0);
  EXPECT_GT(cgroups.MemoryLimitBytes().value_or(1 << 30), 1 << 20);
  EXPECT_GE(cgroups.ReadCpuStatistics().periods, cgroups.ReadCpuStatistics().throttled_periods);
}

}  // namespace
}  // namespace edgenext::serving
