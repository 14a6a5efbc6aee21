#include "server/batching/worker_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;

// What is set ends with the thread.
template <typename Function>
void OnAnotherThread(Function function) {
  std::thread(function).join();
}

int Niceness() { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }

int FirstAllowedCpu() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  size_t cpu = 0;
  while (!CPU_ISSET(cpu, &allowed)) ++cpu;
  return static_cast<int>(cpu);
}

TEST(WorkerThreadTest, NameIsCutToWhatTheKernelKeeps) {
  OnAnotherThread([] {
    NameThisThread("a-rather-long-name-0");
    char name[32] = {};
    ASSERT_EQ(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
    EXPECT_EQ(std::string(name), "a-rather-long-n");
  });
}

TEST(WorkerThreadTest, NicenessIsAddedToThisThreadOnly) {
  const int before = Niceness();
  if (before > 5) GTEST_SKIP() << "the test itself runs at niceness " << before;
  OnAnotherThread([before] {
    ASSERT_THAT(AddNiceToThisThread(10), IsOk());
    EXPECT_EQ(Niceness(), before + 10);
    ASSERT_THAT(AddNiceToThisThread(100), IsOk());
    EXPECT_EQ(Niceness(), 19);
  });
  EXPECT_EQ(Niceness(), before);
}

TEST(WorkerThreadTest, PinsThisThreadOnly) {
  cpu_set_t before;
  sched_getaffinity(0, sizeof(before), &before);
  const int cpu = FirstAllowedCpu();
  OnAnotherThread([cpu] {
    ASSERT_THAT(PinThisThread(cpu), IsOk());
    cpu_set_t pinned;
    sched_getaffinity(0, sizeof(pinned), &pinned);
    EXPECT_EQ(CPU_COUNT(&pinned), 1);
    EXPECT_TRUE(CPU_ISSET(static_cast<size_t>(cpu), &pinned));
  });
  cpu_set_t after;
  sched_getaffinity(0, sizeof(after), &after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(WorkerThreadTest, NamesTheCpuThatDoesNotExist) {
  OnAnotherThread([] {
    EXPECT_THAT(PinThisThread(CPU_SETSIZE - 1),
                StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr("CPU 1023")));
    EXPECT_THAT(PinThisThread(-1), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(PinThisThread(CPU_SETSIZE), StatusIs(absl::StatusCode::kInvalidArgument));
  });
}

}  // namespace
}  // namespace edgenext::serving
