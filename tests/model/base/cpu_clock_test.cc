#include "model/base/cpu_clock.h"

#include <ctime>
#include <thread>

#include "gtest/gtest.h"

namespace edgenext {
namespace {

// std::clock counts the process's CPU time as well, by a call of its own.
void Burn(double seconds) {
  const std::clock_t began = std::clock();
  while (static_cast<double>(std::clock() - began) < seconds * CLOCKS_PER_SEC) {
  }
}

TEST(CpuClockTest, AThreadsTimeIsWhatItComputed) {
  const absl::Duration began = ThreadCpuTime();
  Burn(0.02);
  // std::clock is in microseconds.
  EXPECT_GE(ThreadCpuTime() - began, absl::Milliseconds(20) - absl::Microseconds(2));
}

TEST(CpuClockTest, AThreadsTimeIsItsOwn) {
  absl::Duration burnt;
  const absl::Duration thread_began = ThreadCpuTime();
  const absl::Duration process_began = ProcessCpuTime();
  std::thread([&burnt] {
    Burn(0.05);
    burnt = ThreadCpuTime();
  }).join();
  EXPECT_LT(ThreadCpuTime() - thread_began, burnt) << "waiting costs nothing";
  EXPECT_GE(ProcessCpuTime() - process_began, burnt) << "ended threads count";
}

}  // namespace
}  // namespace edgenext
