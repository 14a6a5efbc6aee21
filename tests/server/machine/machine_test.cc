#include "server/machine/machine.h"

#include <sched.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/machine/fake_root.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using testing::FakeRoot;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

// Four cores of two hardware threads each: CPU i and CPU i + 4 are siblings.
FakeRoot FourCoresOfTwo(const std::string& allowed) {
  FakeRoot root;
  root.Write("/proc/self/status", absl::StrCat("Name:\tserver\nCpus_allowed:\tff\nCpus_allowed_list:\t",
                                               allowed, "\nMems_allowed_list:\t0\n"));
  root.Write("/proc/meminfo", "MemTotal:       16384000 kB\nMemFree:          123456 kB\n");
  for (int cpu = 0; cpu < 8; ++cpu) {
    root.Write(absl::StrCat("/sys/devices/system/cpu/cpu", cpu, "/topology/core_cpus_list"),
               absl::StrCat(cpu % 4, ",", cpu % 4 + 4, "\n"));
  }
  return root;
}

void SetQuota(FakeRoot& root, const std::string& cpu_max) {
  root.Write("/proc/self/cgroup", "0::/\n");
  root.Write("/proc/self/mountinfo", "35 24 0:30 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  root.Write("/sys/fs/cgroup/cpu.max", cpu_max);
}

TEST(MachineTest, GroupsAllowedCpusByPhysicalCore) {
  const FakeRoot root = FourCoresOfTwo("0-2,4,7");
  const Machine machine = ReadMachine(root.path());
  EXPECT_THAT(machine.allowed_cpus, ElementsAre(0, 1, 2, 4, 7));
  EXPECT_THAT(machine.cores, ElementsAre(ElementsAre(0, 4), ElementsAre(1), ElementsAre(2), ElementsAre(7)));
  EXPECT_THAT(machine.cpu_quota, Eq(absl::nullopt));
  EXPECT_EQ(machine.memory_limit_bytes, int64_t{16384000} * 1024);
  EXPECT_EQ(DefaultWorkers(machine), 4);
}

TEST(MachineTest, OldKernelsNameTheSiblingsOtherwise) {
  FakeRoot root;
  root.Write("/proc/self/status", "Cpus_allowed_list:\t0-1\n");
  for (int cpu : {0, 1}) {
    root.Write(absl::StrCat("/sys/devices/system/cpu/cpu", cpu, "/topology/thread_siblings_list"), "0-1\n");
  }
  EXPECT_THAT(ReadMachine(root.path()).cores, ElementsAre(ElementsAre(0, 1)));
}

TEST(MachineTest, WithoutTopologyEveryCpuIsACore) {
  FakeRoot root;
  root.Write("/proc/self/status", "Cpus_allowed_list:\t3,5\n");
  EXPECT_THAT(ReadMachine(root.path()).cores, ElementsAre(ElementsAre(3), ElementsAre(5)));
}

TEST(MachineTest, WithoutAnythingThereIsOneCpu) {
  const FakeRoot root;
  const Machine machine = ReadMachine(root.path());
  EXPECT_THAT(machine.allowed_cpus, ElementsAre(0));
  EXPECT_EQ(DefaultWorkers(machine), 1);
  EXPECT_EQ(machine.memory_limit_bytes, 0);
}

TEST(MachineTest, TheMemoryLimitIsTheSmallerOfCgroupAndMachine) {
  FakeRoot root = FourCoresOfTwo("0-7");
  SetQuota(root, "max 100000\n");
  root.Write("/sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(ReadMachine(root.path()).memory_limit_bytes, 1073741824);
  root.Write("/sys/fs/cgroup/memory.max", "99999999999999\n");
  EXPECT_EQ(ReadMachine(root.path()).memory_limit_bytes, int64_t{16384000} * 1024);
}

TEST(MachineTest, TheQuotaCapsTheWorkersRoundedDownButNeverToNone) {
  struct Case {
    const char* cpu_max;
    int workers;
  };
  for (const Case& c : {Case{"max 100000\n", 4}, Case{"800000 100000\n", 4}, Case{"400000 100000\n", 4},
                        Case{"399999 100000\n", 3}, Case{"150000 100000\n", 1}, Case{"30000 100000\n", 1}}) {
    FakeRoot root = FourCoresOfTwo("0-7");
    SetQuota(root, c.cpu_max);
    EXPECT_EQ(DefaultWorkers(ReadMachine(root.path())), c.workers) << c.cpu_max;
  }
}

TEST(PinnedCpusTest, AutoPinsOnlyIfThereAreAsManyCpusAsWorkersAndNoSmallerQuota) {
  Machine machine;
  machine.allowed_cpus = {2, 3};
  machine.cores = {{2}, {3}};
  EXPECT_THAT(PinnedCpus(machine, PinMode::kAuto, 2), ElementsAre(2, 3));
  EXPECT_THAT(PinnedCpus(machine, PinMode::kAuto, 1), IsEmpty());
  EXPECT_THAT(PinnedCpus(machine, PinMode::kAuto, 3), IsEmpty());
  machine.cpu_quota = 2.0;
  EXPECT_THAT(PinnedCpus(machine, PinMode::kAuto, 2), ElementsAre(2, 3));
  machine.cpu_quota = 1.9;
  EXPECT_THAT(PinnedCpus(machine, PinMode::kAuto, 2), IsEmpty());
}

TEST(PinnedCpusTest, AutoDoesNotPinBesideIdleSiblings) {
  const FakeRoot root = FourCoresOfTwo("0-7");
  const Machine machine = ReadMachine(root.path());
  EXPECT_THAT(PinnedCpus(machine, PinMode::kAuto, DefaultWorkers(machine)), IsEmpty());
}

TEST(PinnedCpusTest, OnTakesOneCpuOfEachCoreFirstAndOffNone) {
  const FakeRoot root = FourCoresOfTwo("0-2,4-5");
  const Machine machine = ReadMachine(root.path());
  EXPECT_THAT(PinnedCpus(machine, PinMode::kOn, 4), ElementsAre(0, 1, 2, 4));
  EXPECT_THAT(PinnedCpus(machine, PinMode::kOn, 7), ElementsAre(0, 1, 2, 4, 5, 0, 1));
  EXPECT_THAT(PinnedCpus(machine, PinMode::kOff, 4), IsEmpty());
}

TEST(MachineTest, ReadsThisMachine) {
  const Machine machine = ReadMachine();
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_EQ(machine.allowed_cpus.size(), static_cast<size_t>(CPU_COUNT(&allowed)));
  for (const int cpu : machine.allowed_cpus) EXPECT_TRUE(CPU_ISSET(static_cast<size_t>(cpu), &allowed));
  std::vector<int> of_nodes;
  for (const std::vector<int>& node : machine.numa_nodes) {
    of_nodes.insert(of_nodes.end(), node.begin(), node.end());
  }
  EXPECT_THAT(of_nodes, UnorderedElementsAreArray(machine.allowed_cpus));
  EXPECT_GT(machine.memory_limit_bytes, int64_t{64} << 20);
  EXPECT_GE(DefaultWorkers(machine), 1);
}

}  // namespace
}  // namespace edgenext::serving
