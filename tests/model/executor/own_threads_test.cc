#include "model/executor/own_threads.h"

#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/clock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr int kMaxThreads = 64;

class OwnThreadsTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(team_, OwnThreads::Make(GetParam())); }

  size_t threads() const { return static_cast<size_t>(GetParam()); }

  std::unique_ptr<OwnThreads> team_;
};

TEST_P(OwnThreadsTest, EveryThreadWorksOnceInEachRun) {
  std::vector<int> worked(threads());
  for (int run = 1; run <= 100; ++run) {
    const std::thread::id caller = std::this_thread::get_id();
    team_->Run(kMaxThreads, [&](int thread, int threads) {
      ++worked[static_cast<size_t>(thread)];
      EXPECT_EQ(threads, GetParam());
      EXPECT_EQ(thread == 0, std::this_thread::get_id() == caller);
    });
    EXPECT_THAT(worked, Each(run));
  }
}

TEST(TeamSizeTest, NoMoreThreadsWorkThanAreWanted) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<OwnThreads> team, OwnThreads::Make(4));
  std::vector<int> worked(4);
  for (const int most : {1, 3, 2, 4}) {
    team->Run(most, [&](int thread, int threads) {
      EXPECT_EQ(threads, most);
      ++worked[static_cast<size_t>(thread)];
    });
  }
  EXPECT_THAT(worked, ElementsAre(4, 3, 2, 1));
}

// 'R' for a thread that runs or would if it could, 'S' for one that sleeps.
char State(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(stat, line);
  return line.at(line.rfind(')') + 2);
}

TEST_P(OwnThreadsTest, HelpersSleepAfterARun) {
  std::vector<pid_t> ids(threads());
  for (int run = 0; run < 2; ++run) {
    team_->Run(kMaxThreads, [&](int thread, int) { ids[static_cast<size_t>(thread)] = gettid(); });
    for (size_t helper = 1; helper < threads(); ++helper) {
      const MonotonicTime end = Clock::Real().Now() + absl::Seconds(30);
      while (State(ids[helper]) != 'S' && Clock::Real().Now() < end) std::this_thread::yield();
      EXPECT_EQ(State(ids[helper]), 'S') << "helper " << helper;
    }
  }
}

TEST_P(OwnThreadsTest, MayBeDestroyedWithoutARun) {}

INSTANTIATE_TEST_SUITE_P(Threads, OwnThreadsTest, ::testing::Values(1, 2, 3, 5, 8));

}  // namespace
}  // namespace edgenext
