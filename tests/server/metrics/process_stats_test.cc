#include "server/metrics/process_stats.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::serving {
namespace {

TEST(ProcessStatsTest, ReadsTheFieldsBehindAHostileName) {
  const testing::TempDir proc;
  std::filesystem::create_directories(proc.File("self/fd"));
  proc.Write("stat", "cpu  1 2 3 4\nbtime 1700000000\nprocesses 5\n");
  // pid, name, state, ppid … as in proc(5); 20 threads, 22 start, 23 vsize, 24 rss
  proc.Write("self/stat",
             "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 9 0 12300 1048576 77 "
             "18446744073709551615\n");
  const ProcessStats stats = ReadProcessStats(proc.path());
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(stats.threads, 9);
  EXPECT_EQ(stats.start_time_seconds, 1700000000 + 12300 / ticks);
  EXPECT_EQ(stats.virtual_memory_bytes, 1048576);
  EXPECT_EQ(stats.resident_memory_bytes, 77 * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

TEST(ProcessStatsTest, WhatCannotBeReadIsZero) {
  const testing::TempDir nothing;
  const ProcessStats stats = ReadProcessStats(nothing.path());
  EXPECT_EQ(stats.resident_memory_bytes, 0);
  EXPECT_EQ(stats.open_fds, 0);
  const testing::TempDir cut;
  std::filesystem::create_directories(cut.File("self"));
  cut.Write("self/stat", "42 (name) S 1");
  EXPECT_EQ(ReadProcessStats(cut.path()).threads, 0);
}

TEST(ProcessStatsTest, FollowsThisProcess) {
  const ProcessStats before = ReadProcessStats();
  const auto now = static_cast<double>(time(nullptr));
  EXPECT_GT(before.start_time_seconds, now - 3600);
  EXPECT_LT(before.start_time_seconds, now + 2);
  EXPECT_GE(before.threads, 1);
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(before.max_fds, static_cast<double>(limit.rlim_cur));

  constexpr size_t kBytes = size_t{64} << 20;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, kBytes);
  std::vector<int> descriptors;
  for (int i = 0; i < 5; ++i) descriptors.push_back(open("/dev/null", O_RDONLY));
  const ProcessStats after = ReadProcessStats();
  EXPECT_EQ(after.open_fds, before.open_fds + 5);
  EXPECT_GE(after.resident_memory_bytes, before.resident_memory_bytes + 0.9 * kBytes);
  EXPECT_GE(after.virtual_memory_bytes, before.virtual_memory_bytes + kBytes);
  for (const int descriptor : descriptors) close(descriptor);
  munmap(memory, kBytes);
}

// Finer than the ticks of 10 ms that procfs counts in.
TEST(ProcessStatsTest, CpuTimeGrowsWithWork) {
  const double before = ReadProcessStats().cpu_seconds;
  const std::clock_t start = std::clock();
  while (std::clock() - start < CLOCKS_PER_SEC / 500) {
  }
  EXPECT_GE(ReadProcessStats().cpu_seconds - before, 0.00199);  // std::clock is in microseconds
}

}  // namespace
}  // namespace edgenext::serving
