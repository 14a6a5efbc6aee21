// The built server in a real cgroup of version 1, made for it. Skipped where none can be made: that needs
// root and the cpu controller of version 1. What the quota does to rates is measured by tests/soak/quota.py.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"

namespace edgenext::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Property;

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Whether all of `text` got into the file.
bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// This process's folder in the hierarchy of version 1 with the cpu controller; "" if there is none.
std::string OwnCgroup() {
  std::string mount, path;
  const std::string mounts = Read("/proc/self/mountinfo");
  for (const absl::string_view line : absl::StrSplit(mounts, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    const bool cpu = absl::StrContains(absl::StrCat(line, ","), ",cpu,");
    if (cpu && absl::StrContains(line, " - cgroup ") && words.size() > 4) mount = words[4];
  }
  const std::string cgroups = Read("/proc/self/cgroup");
  for (const absl::string_view line : absl::StrSplit(cgroups, '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() == 3 && absl::StrContains(absl::StrCat(",", parts[1], ","), ",cpu,")) path = parts[2];
  }
  return mount.empty() || path.empty() ? "" : mount + path;
}

// Two cgroups, one in the other, which this process is in as long as this lives, and so the servers that it
// starts. Those must have ended before.
class NestedCgroups {
 public:
  // In microseconds of each 100 ms; -1 is none. The inner may not exceed the outer.
  NestedCgroups(int outer_quota, int inner_quota)
      : before_(OwnCgroup()),
        outer_(absl::StrCat(before_, "/edgenext-e2e-", getpid())),
        inner_(outer_ + "/inner") {
    std::error_code error;
    made_ = !before_.empty() && std::filesystem::create_directories(inner_, error) &&
            Write(outer_ + "/cpu.cfs_quota_us", absl::StrCat(outer_quota)) &&
            Write(inner_ + "/cpu.cfs_quota_us", absl::StrCat(inner_quota)) &&
            Write(inner_ + "/cgroup.procs", "0");
  }
  ~NestedCgroups() {
    if (before_.empty()) return;
    Write(before_ + "/cgroup.procs", "0");
    // A process that has ended leaves its cgroup somewhat later.
    std::error_code error;
    EXPECT_TRUE(Eventually([&] {
      std::filesystem::remove(inner_, error);
      std::filesystem::remove(outer_, error);
      return !std::filesystem::exists(outer_);
    }));
  }
  NestedCgroups(const NestedCgroups&) = delete;
  NestedCgroups& operator=(const NestedCgroups&) = delete;

  bool made() const { return made_; }
  // A number of the outer one's cpu.stat.
  int64_t Statistic(const std::string& name) const {
    std::istringstream text(Read(outer_ + "/cpu.stat"));
    std::string word;
    int64_t value = -1;
    while (text >> word >> value) {
      if (word == name) return value;
    }
    return -1;
  }

 private:
  const std::string before_, outer_, inner_;
  bool made_ = false;
};

TEST(QuotaTest, AnAncestorsQuotaDecidesAboutWorkersAndIsCounted) {
  const NestedCgroups cgroups(/*outer_quota=*/150000, /*inner_quota=*/-1);
  if (!cgroups.made()) GTEST_SKIP() << "no cgroup of version 1 can be made here";
  ServerProcess server({});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.Errors(), AllOf(HasSubstr(" quota=1.5 "), HasSubstr(" workers=1 ")));

  const Client client(server.grpc_address());
  {
    OpenCalls calls(client, SampleImage("penguin.jpg"), 50);
    EXPECT_THAT(calls.Statuses(), Each(Property(&grpc::Status::ok, true)));
  }
  for (const auto& [metric, name] : std::vector<std::pair<std::string, std::string>>{
           {"edgenext_cpu_periods_total", "nr_periods"},
           {"edgenext_cpu_throttled_periods_total", "nr_throttled"}}) {
    const auto least = static_cast<double>(cgroups.Statistic(name));
    const double told = server.Metric(metric);
    EXPECT_THAT(told, AllOf(Ge(least), Le(static_cast<double>(cgroups.Statistic(name))))) << metric;
  }
  EXPECT_GT(server.Metric("edgenext_cpu_periods_total"), 0);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0);
}

// A third of a CPU: the worker pauses after every image, and still every call is answered and the server
// stops.
TEST(QuotaTest, WorkersThatPauseAnswerEverythingAndStop) {
  const NestedCgroups cgroups(/*outer_quota=*/400000, /*inner_quota=*/33000);
  if (!cgroups.made()) GTEST_SKIP() << "no cgroup of version 1 can be made here";
  ServerProcess server({});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.Errors(),
              AllOf(HasSubstr(" quota=0.33 "), HasSubstr(" workers=1 "), HasSubstr(" pinned=no")));
  const Client client(server.grpc_address());
  OpenCalls calls(client, SampleImage("penguin.jpg"), 50);
  EXPECT_THAT(calls.Statuses(), Each(Property(&grpc::Status::ok, true)));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0);
}

}  // namespace
}  // namespace edgenext::testing
