#include "server/machine/cpu_budget.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Ge;
using ::testing::Le;

constexpr absl::Duration kPeriod = absl::Milliseconds(100);

MonotonicTime At(absl::Duration time) { return MonotonicTime::FromDuration(absl::Hours(1) + time); }

// Workers that always have a next image, beside threads that use the processor all the time.
struct Saturated {
  double quota;
  int workers;
  absl::Duration image;
  double others;  // CPUs

  double least_used;  // of the quota, on average
};

std::string NameOf(const ::testing::TestParamInfo<Saturated>& info) {
  return absl::StrCat("Quota", static_cast<int>(info.param.quota * 100), "Image",
                      absl::ToInt64Milliseconds(info.param.image), "Others",
                      static_cast<int>(info.param.others * 100));
}

class SaturatedTest : public ::testing::TestWithParam<Saturated> {
 protected:
  // Used in each step of 0.1 ms, over 20 s.
  static constexpr absl::Duration kStep = absl::Microseconds(100);
  static std::vector<absl::Duration> Run(const Saturated& load) {
    CpuBudget::Options options;
    options.cpus = load.quota;
    options.period = kPeriod;
    options.throttled_periods = [] { return 0; };
    CpuBudget budget(options);
    budget.NextBatchAt(At(absl::ZeroDuration()), absl::ZeroDuration());
    struct Worker {
      absl::Duration resumes_at;
      absl::Duration left;
    };
    std::vector<Worker> workers(static_cast<size_t>(load.workers), {absl::ZeroDuration(), load.image});
    std::vector<absl::Duration> steps;
    absl::Duration used;
    for (absl::Duration now; now < absl::Seconds(20); now += kStep) {
      const absl::Duration before = used;
      used += kStep * load.others;
      for (Worker& worker : workers) {
        if (now < worker.resumes_at) continue;
        used += kStep;
        worker.left -= kStep;
        if (worker.left > absl::ZeroDuration()) continue;
        worker.resumes_at = budget.NextBatchAt(At(now + kStep), used) - At(absl::ZeroDuration());
        worker.left = load.image;
      }
      steps.push_back(used - before);
    }
    return steps;
  }
};

// Of one period's quota: what comes in, and by how much the bucket can fall below level. During an image it
// loses what exceeds the rate; during the pause for that, the others make it lose their part again.
double MostUsedInAPeriod(const Saturated& load) {
  const double rate = CpuBudget::kMostShare * load.quota;
  const double lost = (load.workers + load.others - rate) * absl::FDivDuration(load.image, kPeriod);
  return (rate + lost / (1 - load.others / rate)) / load.quota;
}

TEST_P(SaturatedTest, NoPeriodExceedsItsQuotaByMoreThanOneImageBringsAndLittleIsLeft) {
  const Saturated& load = GetParam();
  const std::vector<absl::Duration> steps = Run(load);
  absl::Duration used, window, most;
  const auto window_steps = static_cast<size_t>(kPeriod / kStep);
  for (size_t i = 0; i < steps.size(); ++i) {
    used += steps[i];
    window += steps[i];
    if (i >= window_steps) window -= steps[i - window_steps];
    most = std::max(most, window);
  }
  const double mean = absl::FDivDuration(used, absl::Seconds(20)) / load.quota;
  EXPECT_THAT(mean, AllOf(Ge(load.least_used), Le(CpuBudget::kMostShare + 0.001)));
  EXPECT_LE(absl::FDivDuration(most, load.quota * kPeriod), MostUsedInAPeriod(load));
}

INSTANTIATE_TEST_SUITE_P(
    Loads, SaturatedTest,
    ::testing::Values(
        // As many busy workers as the quota pays for, with short, middling and long images.
        Saturated{1, 1, absl::Milliseconds(2), 0.05, 0.965},
        Saturated{1, 1, absl::Milliseconds(5), 0.10, 0.965},
        Saturated{1, 1, absl::Milliseconds(25), 0.02, 0.965},
        Saturated{2, 2, absl::Milliseconds(80), 0.01, 0.965},
        Saturated{4, 4, absl::Milliseconds(25), 0.05, 0.965},
        // Less than one CPU, and many refusals beside a long image.
        Saturated{0.5, 1, absl::Milliseconds(5), 0.05, 0.965},
        Saturated{1, 1, absl::Milliseconds(25), 0.30, 0.965},
        // The quota pays for more than there is, so that nobody pauses: 1.05 of 1.5.
        Saturated{1.5, 1, absl::Milliseconds(5), 0.05, 0.6999}),
    NameOf);

// A budget of one CPU and what the kernel is said to have throttled.
class CpuBudgetTest : public ::testing::Test {
 protected:
  CpuBudget::Options Options() {
    CpuBudget::Options options;
    options.cpus = 1;
    options.period = kPeriod;
    options.throttled_periods = [this] {
      ++looks_;
      return throttled_;
    };
    return options;
  }

  int looks_ = 0;
  int64_t throttled_ = 7;  // of which the budget is not to blame
  CpuBudget budget_{Options()};
};

TEST_F(CpuBudgetTest, WhatWasUsedBeforeTheFirstBatchDoesNotCount) {
  EXPECT_EQ(budget_.NextBatchAt(At(absl::ZeroDuration()), absl::Minutes(5)), At(absl::ZeroDuration()));
}

TEST_F(CpuBudgetTest, IdleTimeIsNotSaved) {
  budget_.NextBatchAt(At(absl::ZeroDuration()), absl::ZeroDuration());
  budget_.NextBatchAt(At(absl::Minutes(1)), absl::ZeroDuration());
  // Two CPUs for 97 ms: level after the rest of a period, 3 ms, is 3 + 94.09 - 194 = -96.91 ms.
  const MonotonicTime now = At(absl::Minutes(1) + absl::Milliseconds(97));
  const absl::Duration pause = budget_.NextBatchAt(now, absl::Milliseconds(194)) - now;
  EXPECT_THAT(absl::ToDoubleMilliseconds(pause), DoubleNear(96.91 / 0.97, 1e-6));
}

TEST_F(CpuBudgetTest, NobodyPausesForMuchMoreThanAPeriodHoweverMuchWasUsed) {
  budget_.NextBatchAt(At(absl::ZeroDuration()), absl::ZeroDuration());
  const MonotonicTime now = At(absl::Seconds(1));
  const absl::Duration pause = budget_.NextBatchAt(now, absl::Seconds(30)) - now;
  EXPECT_THAT(absl::ToDoubleMilliseconds(pause), DoubleNear(100 / 0.97, 1e-6));
}

TEST_F(CpuBudgetTest, OlderReadingsOfTheClocksChangeNothing) {
  budget_.NextBatchAt(At(absl::Seconds(2)), absl::Seconds(1));
  EXPECT_EQ(budget_.NextBatchAt(At(absl::Seconds(1)), absl::Milliseconds(900)), At(absl::Seconds(1)));
  EXPECT_EQ(budget_.NextBatchAt(At(absl::Seconds(2)), absl::Seconds(1)), At(absl::Seconds(2)));
}

TEST_F(CpuBudgetTest, TheShareFallsWithThrottledSecondsAndRisesSlowly) {
  const absl::Duration none = absl::ZeroDuration();
  budget_.NextBatchAt(At(none), none);
  EXPECT_DOUBLE_EQ(budget_.share(), 0.97);
  throttled_ = 9;
  budget_.NextBatchAt(At(absl::Milliseconds(999)), none);
  EXPECT_DOUBLE_EQ(budget_.share(), 0.97);
  budget_.NextBatchAt(At(absl::Seconds(1)), none);
  EXPECT_NEAR(budget_.share(), 0.95, 1e-12);  // however many periods it were
  budget_.NextBatchAt(At(absl::Seconds(31)), none);
  EXPECT_NEAR(budget_.share(), 0.955, 1e-12);
  EXPECT_EQ(looks_, 3);

  budget_.NextBatchAt(At(absl::Hours(1)), none);
  EXPECT_DOUBLE_EQ(budget_.share(), 0.97);
  for (int second = 1; second <= 20; ++second) {
    ++throttled_;
    budget_.NextBatchAt(At(absl::Hours(1) + absl::Seconds(second)), none);
  }
  EXPECT_DOUBLE_EQ(budget_.share(), 0.90);
}

TEST_F(CpuBudgetTest, ManyWorkersMayAskAtOnce) {
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([this] {
      for (int i = 0; i < 1000; ++i) {
        const absl::Duration time = absl::Milliseconds(i);
        EXPECT_LE(budget_.NextBatchAt(At(time), time / 2) - At(time), absl::Milliseconds(1000));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(budget_.NextBatchAt(At(absl::Seconds(2)), absl::Milliseconds(500)), At(absl::Seconds(2)));
}

}  // namespace
}  // namespace edgenext::serving
