#include "server/simulate/workload.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;

std::vector<Arrival> All(const WorkloadOptions& options) {
  Workload workload(options);
  std::vector<Arrival> arrivals;
  while (const absl::optional<Arrival> arrival = workload.Next()) arrivals.push_back(*arrival);
  return arrivals;
}

TEST(WorkloadTest, ConstantArrivalsAreEvenlySpaced) {
  WorkloadOptions options;
  options.rate = RateCurve::Constant(10);
  options.poisson = false;
  options.duration = absl::Milliseconds(350);
  const std::vector<Arrival> arrivals = All(options);
  ASSERT_EQ(arrivals.size(), 3u);
  EXPECT_EQ(arrivals[0].at, absl::Milliseconds(100));
  EXPECT_EQ(arrivals[2].at, absl::Milliseconds(300));
  EXPECT_EQ(arrivals[0].work, 1);
  EXPECT_EQ(arrivals[0].timeout, absl::InfiniteDuration());
}

// The number of arrivals in a unit of time has the Poisson distribution's mean and variance, both 20: over n
// units the sample's mean has a standard error of sqrt(20 / n), its variance one of about 20 sqrt(2 / n).
TEST(WorkloadTest, PoissonArrivalsHaveItsMeanAndVariance) {
  constexpr int kUnits = 20000;
  WorkloadOptions options;
  options.rate = RateCurve::Constant(20);
  options.duration = absl::Seconds(kUnits);
  std::vector<double> counts(kUnits);
  for (const Arrival& arrival : All(options))
    ++counts[static_cast<size_t>(absl::ToDoubleSeconds(arrival.at))];
  double mean = 0, variance = 0;
  for (const double count : counts) mean += count / kUnits;
  for (const double count : counts) variance += (count - mean) * (count - mean) / kUnits;
  EXPECT_NEAR(mean, 20, 4 * std::sqrt(20.0 / kUnits));
  EXPECT_NEAR(variance, 20, 4 * 20 * std::sqrt(2.0 / kUnits));
}

TEST(WorkloadTest, AttributesAreDrawnByTheirWeights) {
  WorkloadOptions options;
  options.duration = absl::Seconds(1000);
  options.timeouts = {{absl::Milliseconds(50), 3}, {absl::Seconds(1), 1}};
  options.clients = {{"web", 9}, {"batch", 1}};
  options.bulk_share = 0.2;
  options.work_variation = 0.5;
  const std::vector<Arrival> arrivals = All(options);
  const auto n = static_cast<double>(arrivals.size());
  double patient = 0, batch = 0, bulk = 0, work = 0, square = 0;
  for (const Arrival& arrival : arrivals) {
    patient += arrival.timeout == absl::Seconds(1) ? 1 : 0;
    batch += arrival.client;
    bulk += arrival.task_class == TaskClass::kBulk ? 1 : 0;
    work += arrival.work / n;
    square += arrival.work * arrival.work / n;
  }
  const auto error = [n](double p) { return 4 * std::sqrt(p * (1 - p) / n); };
  EXPECT_NEAR(patient / n, 0.25, error(0.25));
  EXPECT_NEAR(batch / n, 0.1, error(0.1));
  EXPECT_NEAR(bulk / n, 0.2, error(0.2));
  EXPECT_NEAR(work, 1, 4 * 0.5 / std::sqrt(n));
  // A log-normal's variance of the square, with s = 1 + 0.5^2: s^6 - s^2.
  EXPECT_NEAR(square, 1.25, 4 * std::sqrt((std::pow(1.25, 6) - std::pow(1.25, 2)) / n));
}

TEST(WorkloadTest, TimesDependOnRateAndSeedAlone) {
  WorkloadOptions plain;
  WorkloadOptions varied = plain;
  varied.timeouts = {{absl::Milliseconds(50), 1}, {absl::Seconds(1), 1}};
  varied.work_variation = 1;
  const std::vector<Arrival> a = All(plain), b = All(varied);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_EQ(a[i].at, b[i].at) << i;
  WorkloadOptions reseeded = plain;
  reseeded.seed = 2;
  EXPECT_NE(All(reseeded).front().at, a.front().at);
}

TEST(WorkloadTest, ATraceIsPlayedAsItIsUntilTheEnd) {
  WorkloadOptions options;
  options.trace = {{absl::Milliseconds(5), {}, {}},
                   {absl::Milliseconds(5), absl::Milliseconds(30), TaskClass::kBulk},
                   {absl::Seconds(2), {}, {}}};
  options.duration = absl::Seconds(1);
  EXPECT_EQ(All(options).size(), 2u);
  EXPECT_EQ(All(options)[0].timeout, absl::InfiniteDuration());
  EXPECT_EQ(All(options)[1].at, absl::Milliseconds(5));
  EXPECT_EQ(All(options)[1].timeout, absl::Milliseconds(30));
  EXPECT_EQ(All(options)[1].task_class, TaskClass::kBulk);
}

TEST(ParseTraceTest, ReadsSecondsDeadlinesAndClasses) {
  const std::vector<TraceLine> trace =
      ParseTrace("# offsets\n0\n\n 0.5 bulk 200ms \r\n2e0 50ms # late\n").value();
  ASSERT_EQ(trace.size(), 3u);
  EXPECT_EQ(trace[0].at, absl::ZeroDuration());
  EXPECT_FALSE(trace[0].timeout || trace[0].task_class);
  EXPECT_EQ(trace[1].at, absl::Milliseconds(500));
  EXPECT_EQ(trace[1].timeout, absl::Milliseconds(200));
  EXPECT_EQ(trace[1].task_class, TaskClass::kBulk);
  EXPECT_EQ(trace[2].timeout, absl::Milliseconds(50));
}

TEST(ParseTraceTest, SaysWhichLineIsWrong) {
  const auto error = [](absl::string_view text) { return std::string(ParseTrace(text).status().message()); };
  EXPECT_THAT(error("1\nsoon\n"), HasSubstr("line 2 of the trace has 'soon', expected seconds"));
  EXPECT_THAT(error("-1"), HasSubstr("line 1"));
  EXPECT_THAT(error("nan"), HasSubstr("line 1"));
  EXPECT_THAT(error("1 soon"), HasSubstr("'soon', expected a deadline as 200ms, interactive or bulk"));
  EXPECT_THAT(error("2\n1\n"),
              HasSubstr("line 2 of the trace has '1', expected no less than the line before"));
  EXPECT_THAT(error("# nothing\n"), HasSubstr("no line"));
}

}  // namespace
}  // namespace edgenext::serving
