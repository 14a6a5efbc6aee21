// The files of machines as container runtimes lay them out, shortened to the lines that matter, and what must
// follow from them: worked out by hand.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/machine/cgroup.h"
#include "server/machine/machine.h"
#include "tests/server/machine/fake_root.h"

namespace edgenext::serving {
namespace {

using testing::FakeRoot;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr double kNoQuota = 0;
// Of all machines here: 16 GiB.
constexpr int64_t kMachineMiB = 16384;

struct Recorded {
  std::string name;
  std::string allowed_cpus;
  std::vector<std::string> siblings;  // of each CPU, as in topology/core_cpus_list
  std::vector<std::pair<std::string, std::string>> files;

  double quota;
  int period_ms;
  int64_t memory_mib;
  int cores;
  int workers;
};

// Two threads a core, numbered as Intel's and AMD's servers do: CPU i beside CPU i + cores.
std::vector<std::string> Smt(int cores) {
  std::vector<std::string> siblings;
  for (int cpu = 0; cpu < 2 * cores; ++cpu)
    siblings.push_back(absl::StrCat(cpu % cores, ",", cpu % cores + cores));
  return siblings;
}
std::vector<std::string> OneThreadEach(int cpus) {
  std::vector<std::string> siblings;
  for (int cpu = 0; cpu < cpus; ++cpu) siblings.push_back(absl::StrCat(cpu));
  return siblings;
}

constexpr char kDockerId[] = "4b3e1c7f2a90d5e86c1b7a3f9d2e4c5b6a7f8091a2b3c4d5e6f708192a3b4c5d";
constexpr char kPod[] = "pod7c1f7a1e-3a44-4f0e-9a39-0d9a5b7a6f11";
constexpr char kPodSlice[] = "kubepods-burstable-pod7c1f7a1e_3a44_4f0e_9a39_0d9a5b7a6f11.slice";
constexpr char kV2Mount[] =
    "24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";
constexpr char kNoLimitV1[] = "9223372036854771712\n";

// A version 1 mountinfo with every hierarchy at `point` and `cgroup` as its root.
std::string V1Mounts(const std::string& cgroup, const std::string& point = "/sys/fs/cgroup") {
  return absl::StrCat(
      "1170 1160 0:50 / ", point, " rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755\n",  //
      "1171 1170 0:29 ", cgroup, " ", point, "/systemd ro - cgroup cgroup rw,xattr,name=systemd\n",
      "1172 1170 0:32 ", cgroup, " ", point, "/cpuset ro,relatime - cgroup cgroup rw,cpuset\n",  //
      "1173 1170 0:33 ", cgroup, " ", point,
      "/cpu,cpuacct ro,relatime master:15 - cgroup cgroup rw,cpu,cpuacct\n", "1174 1170 0:35 ", cgroup, " ",
      point, "/memory ro,relatime master:17 - cgroup cgroup rw,memory\n");
}
std::string V1Paths(const std::string& cgroup) {
  return absl::StrCat("12:cpuset:", cgroup, "\n9:memory:", cgroup, "\n4:cpu,cpuacct:", cgroup,
                      "\n1:name=systemd:", cgroup, "\n0::/system.slice/containerd.service\n");
}

std::vector<Recorded> DockerMachines() {
  const std::string docker = absl::StrCat("/docker/", kDockerId);
  const std::string scope = absl::StrCat("/system.slice/docker-", kDockerId, ".scope");
  return {
      // docker run --cpus=2.5 --memory=2g
      {"DockerVersion1",
       "0-7",
       Smt(4),
       {{"/proc/self/cgroup", V1Paths(docker)},
        {"/proc/self/mountinfo", V1Mounts(docker)},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n"}},
       2.5,
       100,
       2048,
       4,
       2},
      // docker run --cgroupns=private --cpu-period=50000 --cpu-quota=150000: its own cgroup is the root.
      {"DockerVersion1OwnNamespace",
       "0-7",
       Smt(4),
       {{"/proc/self/cgroup", V1Paths("/")},
        {"/proc/self/mountinfo", V1Mounts("/")},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", kNoLimitV1}},
       3,
       50,
       kMachineMiB,
       4,
       3},
      // docker run --cpus=1.5 --memory=512m: cgroup namespaces are private by default with version 2.
      {"DockerVersion2",
       "0-7",
       Smt(4),
       {{"/proc/self/cgroup", "0::/\n"},
        {"/proc/self/mountinfo",
         "1262 1261 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup "
         "rw,nsdelegate,memory_recursiveprot\n"},
        {"/sys/fs/cgroup/cpu.max", "150000 100000\n"},
        {"/sys/fs/cgroup/memory.max", "536870912\n"}},
       1.5,
       100,
       512,
       4,
       1},
      // docker run --cgroupns=host --cpus=4, in a slice that the operator gave 300 %: the parent's is
      // smaller.
      {"DockerVersion2HostNamespace",
       "0-7",
       Smt(4),
       {{"/proc/self/cgroup", absl::StrCat("0::", scope, "\n")},
        {"/proc/self/mountinfo", kV2Mount},
        {"/sys/fs/cgroup/system.slice/cpu.max", "300000 100000\n"},
        {"/sys/fs/cgroup/system.slice/memory.max", "max\n"},
        {"/sys/fs/cgroup" + scope + "/cpu.max", "400000 100000\n"},
        {"/sys/fs/cgroup" + scope + "/memory.max", "max\n"}},
       3,
       100,
       kMachineMiB,
       4,
       3},
      // A service that the container's own systemd has put into a cgroup below the container's.
      {"DockerVersion1Nested",
       "0-7",
       Smt(4),
       {{"/proc/self/cgroup", V1Paths(docker + "/system.slice/edgenext.service")},
        {"/proc/self/mountinfo", V1Mounts(docker)},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/edgenext.service/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/edgenext.service/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"},
        {"/sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes", kNoLimitV1},
        {"/sys/fs/cgroup/memory/system.slice/edgenext.service/memory.limit_in_bytes", kNoLimitV1}},
       2,
       100,
       1024,
       4,
       2},
  };
}

std::vector<Recorded> KubernetesMachines() {
  const std::string v1 = absl::StrCat("/kubepods/burstable/", kPod, "/", kDockerId);
  const std::string v1_pod = absl::StrCat("/sys/fs/cgroup/cpu,cpuacct/kubepods/burstable/", kPod);
  const std::string v2_pod = absl::StrCat("/kubepods.slice/kubepods-burstable.slice/", kPodSlice);
  const std::string v2 = absl::StrCat(v2_pod, "/cri-containerd-", kDockerId, ".scope");
  return {
      // limits: cpu 3500m, memory 4Gi. What the pod's cgroup says is out of the container's sight.
      {"KubernetesVersion1",
       "0-15",
       Smt(8),
       {{"/proc/self/cgroup", V1Paths(v1)},
        {"/proc/self/mountinfo", V1Mounts(v1)},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "350000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "4294967296\n"}},
       3.5,
       100,
       4096,
       8,
       3},
      // A container without a limit in a pod whose limit its side-cars share, with the host's tree mounted.
      {"KubernetesVersion1HostTree",
       "0-15",
       Smt(8),
       {{"/proc/self/cgroup", V1Paths(v1)},
        {"/proc/self/mountinfo", V1Mounts("/")},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/kubepods/cpu.cfs_quota_us", "1500000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/kubepods/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/kubepods/burstable/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/kubepods/burstable/cpu.cfs_period_us", "100000\n"},
        {v1_pod + "/cpu.cfs_quota_us", "250000\n"},
        {v1_pod + "/cpu.cfs_period_us", "100000\n"},
        {absl::StrCat(v1_pod, "/", kDockerId, "/cpu.cfs_quota_us"), "-1\n"},
        {absl::StrCat(v1_pod, "/", kDockerId, "/cpu.cfs_period_us"), "100000\n"},
        {"/sys/fs/cgroup/memory/kubepods/memory.limit_in_bytes", "12884901888\n"}},
       2.5,
       100,
       12288,
       8,
       2},
      {"KubernetesVersion2",
       "0-15",
       Smt(8),
       {{"/proc/self/cgroup", "0::/\n"},
        {"/proc/self/mountinfo",
         "2201 2190 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n"},
        {"/sys/fs/cgroup/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup/memory.max", "max\n"}},
       kNoQuota,
       0,
       kMachineMiB,
       8,
       8},
      // The pod's limit is below the container's: cpu.max on a parent.
      {"KubernetesVersion2HostNamespace",
       "0-15",
       Smt(8),
       {{"/proc/self/cgroup", absl::StrCat("0::", v2, "\n")},
        {"/proc/self/mountinfo", kV2Mount},
        {"/sys/fs/cgroup/kubepods.slice/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup/kubepods.slice/memory.max", "15032385536\n"},
        {"/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup" + v2_pod + "/cpu.max", "550000 100000\n"},
        {"/sys/fs/cgroup" + v2_pod + "/memory.max", "3221225472\n"},
        {"/sys/fs/cgroup" + v2 + "/cpu.max", "600000 100000\n"},
        {"/sys/fs/cgroup" + v2 + "/memory.max", "max\n"}},
       5.5,
       100,
       3072,
       8,
       5},
      // A pod that also mounts its host's tree, which its namespace tells as lying above its own root.
      {"KubernetesVersion2BesideTheHostTree",
       "0-15",
       Smt(8),
       {{"/proc/self/cgroup", "0::/\n"},
        {"/proc/self/mountinfo",
         "2150 2140 0:27 /../../../.. /host/sys/fs/cgroup ro,relatime - cgroup2 cgroup2 rw\n"
         "2201 2190 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n"},
        {"/sys/fs/cgroup/cpu.max", "200000 100000\n"},
        {"/sys/fs/cgroup/memory.max", "1073741824\n"}},
       2,
       100,
       1024,
       8,
       2},
      // The static CPU manager: four CPUs of its own, which are two cores, and a quota for all four.
      {"KubernetesVersion2ExclusiveCpus",
       "2-3,10-11",
       Smt(8),
       {{"/proc/self/cgroup", "0::/\n"},
        {"/proc/self/mountinfo",
         "2201 2190 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n"},
        {"/sys/fs/cgroup/cpu.max", "400000 100000\n"},
        {"/sys/fs/cgroup/cpuset.cpus.effective", "2-3,10-11\n"},
        {"/sys/fs/cgroup/memory.max", "8589934592\n"}},
       4,
       100,
       8192,
       2,
       2},
  };
}

std::vector<Recorded> HostMachines() {
  return {
      // systemd's hybrid mode: controllers in version 1 and an empty version 2 beside them. CPUQuota=150%.
      {"HybridService",
       "0-3",
       OneThreadEach(4),
       {{"/proc/self/cgroup",
         "9:cpuset:/\n8:memory:/system.slice/edgenext.service\n3:cpu,cpuacct:/system.slice/edgenext.service\n"
         "1:name=systemd:/system.slice/edgenext.service\n0::/system.slice/edgenext.service\n"},
        {"/proc/self/mountinfo",
         "26 24 0:23 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755\n"
         "27 26 0:24 / /sys/fs/cgroup/unified rw,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
         "28 26 0:25 / /sys/fs/cgroup/systemd rw,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd\n"
         "31 26 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
         "34 26 0:32 / /sys/fs/cgroup/memory rw,relatime shared:18 - cgroup cgroup rw,memory\n"},
        {"/sys/fs/cgroup/unified/system.slice/edgenext.service/cgroup.procs", "812\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/edgenext.service/cpu.cfs_quota_us", "150000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/system.slice/edgenext.service/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/memory/system.slice/edgenext.service/memory.limit_in_bytes", kNoLimitV1}},
       1.5,
       100,
       kMachineMiB,
       4,
       1},
      // cpu and cpuacct in hierarchies of their own, and the smallest quota between the process and the root
      // (version 1 lets no cgroup have more than its parent, but none of its own).
      {"Version1NestedSmallestOnAnAncestor",
       "0-7",
       OneThreadEach(8),
       {{"/proc/self/cgroup", "3:memory:/\n2:cpuacct:/\n1:cpu:/batch/team/server\n0::/\n"},
        {"/proc/self/mountinfo",
         "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
         "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
         "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"},
        {"/sys/fs/cgroup/cpu/batch/cpu.cfs_quota_us", "600000\n"},
        {"/sys/fs/cgroup/cpu/batch/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu/batch/team/cpu.cfs_quota_us", "75000\n"},
        {"/sys/fs/cgroup/cpu/batch/team/cpu.cfs_period_us", "25000\n"},
        {"/sys/fs/cgroup/cpu/batch/team/server/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu/batch/team/server/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", kNoLimitV1}},
       3,
       25,
       kMachineMiB,
       8,
       3},
      // A user's service under version 2; `max` at every level.
      {"Version2Unlimited",
       "0-7",
       Smt(4),
       {{"/proc/self/cgroup",
         "0::/user.slice/user-1000.slice/user@1000.service/app.slice/edgenext.service\n"},
        {"/proc/self/mountinfo", kV2Mount},
        {"/sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup/user.slice/user-1000.slice/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup/user.slice/user-1000.slice/memory.max", "max\n"}},
       kNoQuota,
       0,
       kMachineMiB,
       4,
       4},
      // taskset to both threads of one core and one of another.
      {"AffinitySmallerThanTheQuota",
       "1,5-6",
       Smt(4),
       {{"/proc/self/cgroup", "0::/system.slice/edgenext.service\n"},
        {"/proc/self/mountinfo", kV2Mount},
        {"/sys/fs/cgroup/system.slice/edgenext.service/cpu.max", "800000 100000\n"}},
       8,
       100,
       kMachineMiB,
       2,
       2},
  };
}

class RecordedMachinesTest : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedMachinesTest, IsReadAsItIs) {
  const Recorded& recorded = GetParam();
  FakeRoot root;
  root.Write("/proc/self/status",
             absl::StrCat("Name:\tserver\nCpus_allowed_list:\t", recorded.allowed_cpus, "\n"));
  root.Write("/proc/meminfo", absl::StrCat("MemTotal:       ", kMachineMiB * 1024, " kB\n"));
  for (size_t cpu = 0; cpu < recorded.siblings.size(); ++cpu) {
    root.Write(absl::StrCat("/sys/devices/system/cpu/cpu", cpu, "/topology/core_cpus_list"),
               recorded.siblings[cpu] + "\n");
  }
  for (const auto& [path, contents] : recorded.files) root.Write(path, contents);

  const Machine machine = ReadMachine(root.path());
  EXPECT_EQ(machine.cpu_quota.value_or(kNoQuota), recorded.quota);
  EXPECT_EQ(machine.cpu_quota_period, absl::Milliseconds(recorded.period_ms));
  EXPECT_EQ(machine.memory_limit_bytes, recorded.memory_mib * kMiB);
  EXPECT_EQ(machine.cores.size(), static_cast<size_t>(recorded.cores));
  EXPECT_EQ(DefaultWorkers(machine), recorded.workers);
}

std::string NameOf(const ::testing::TestParamInfo<Recorded>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Docker, RecordedMachinesTest, ::testing::ValuesIn(DockerMachines()), NameOf);
INSTANTIATE_TEST_SUITE_P(Kubernetes, RecordedMachinesTest, ::testing::ValuesIn(KubernetesMachines()), NameOf);
INSTANTIATE_TEST_SUITE_P(Host, RecordedMachinesTest, ::testing::ValuesIn(HostMachines()), NameOf);

}  // namespace
}  // namespace edgenext::serving
