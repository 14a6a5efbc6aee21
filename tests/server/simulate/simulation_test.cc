#include "server/simulate/simulation.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/simulate/report.h"
#include "tests/server/simulate/given_arrivals.h"

namespace edgenext::serving {
namespace {

using Kind = ServingPolicy::Kind;

absl::Duration Ms(double ms) { return absl::Milliseconds(ms); }

SimulationOptions Options(absl::Duration execution) {
  SimulationOptions options;
  options.service.execution = options.service.believed = CostTable::Constant(execution);
  options.duration = absl::Seconds(1);
  options.interval = absl::Seconds(1);
  return options;
}
Arrival At(double ms, absl::Duration timeout = absl::InfiniteDuration()) {
  Arrival arrival;
  arrival.at = Ms(ms);
  arrival.timeout = timeout;
  return arrival;
}
SimulationResult Serve(const SimulationOptions& options, std::vector<Arrival> arrivals) {
  GivenArrivals source(std::move(arrivals));
  return Simulate(options, source);
}

// Latencies are kept as float seconds.
#define EXPECT_MS(actual, expected) EXPECT_NEAR(absl::ToDoubleMilliseconds(actual), expected, 1e-5)

TEST(SimulationTest, AnIdleServerTakesTheSumOfItsParts) {
  SimulationOptions options = Options(Ms(5));
  options.service.decode = Ms(2);
  options.service.overhead = Ms(0.5);
  options.service.round_trip = Ms(20);
  const SimulationResult result = Serve(options, {At(0), At(100)});
  EXPECT_EQ(result.outcomes.good, 2);
  EXPECT_MS(result.latencies.p50, 27.5);
  EXPECT_MS(result.latencies.max, 27.5);
  // A worker's: all but the half of the overhead that is before the queue.
  EXPECT_NEAR(result.utilisation, 2 * 0.00725, 1e-9);
}

TEST(SimulationTest, TheWorkOfAnImageScalesItsDecodeAndExecution) {
  SimulationOptions options = Options(Ms(5));
  options.service.decode = Ms(2);
  Arrival arrival = At(0);
  arrival.work = 3;
  EXPECT_MS(Serve(options, {arrival}).latencies.max, 21);
}

// A client whose deadline is at 1000.5 ms tells of 1010 ms when it sends at 0.5, in gRPC's digits. At 600 an
// image of 405 ms looks as if it would be in time, and is computed for nobody.
TEST(SimulationTest, TheServerTakesDeadlinesAsClientsAnnounceThem) {
  SimulationOptions options = Options(Ms(405));
  options.duration = absl::Seconds(2);
  Arrival first = At(0);
  first.work = 600.0 / 405;
  const SimulationResult result = Serve(options, {first, At(0.5, absl::Seconds(1))});
  EXPECT_EQ(result.outcomes.good, 1);
  EXPECT_EQ(result.outcomes.expired, 1);
  EXPECT_NEAR(result.wasted, 405.0 / 1005, 1e-9);
}

// The same client, whose image is begun with at 990: when it is decoded at 1001 its client has gone.
TEST(SimulationTest, AnImageIsNotExecutedWhoseClientHasGone) {
  SimulationOptions options = Options(Ms(8));
  options.duration = absl::Seconds(2);
  options.service.decode = Ms(11);
  Arrival first = At(0);
  first.work = 990.0 / 19;
  const SimulationResult result = Serve(options, {first, At(0.5, absl::Seconds(1))});
  EXPECT_EQ(result.outcomes.expired, 1);
  EXPECT_NEAR(result.wasted, 11.0 / 1001, 1e-9);
}

// Three at once: one runs, then two together as T(2) = 8 ms has it, each answered when it is done.
TEST(SimulationTest, ABatchTakesWhatItsSizeCosts) {
  SimulationOptions options = Options(Ms(5));
  options.service.execution = options.service.believed = CostTable({{1, Ms(6)}, {2, Ms(8)}});
  const SimulationResult result = Serve(options, {At(0), At(0), At(0)});
  EXPECT_MS(result.latencies.p50, 12);
  EXPECT_MS(result.latencies.max, 14);
  EXPECT_DOUBLE_EQ(result.mean_batch, 1.5);
}

// A refusal of 1 ms comes while the only core executes: the image is late by as much, as polling threads go
// first.
TEST(SimulationTest, RefusalsTakeTheirTimeFromTheWorkersCore) {
  SimulationOptions options = Options(Ms(10));
  options.service.refusal_cost = Ms(1);
  options.policy.admission.queue_capacity = 1;
  // The first runs, the second waits, three find no place.
  const SimulationResult result = Serve(options, {At(0), At(1), At(2), At(3), At(4)});
  EXPECT_EQ(result.outcomes.good, 2);
  EXPECT_EQ(result.outcomes.overloaded, 3);
  EXPECT_MS(result.latencies.p50, 13);
  EXPECT_MS(result.latencies.max, 22);  // 10 + 3 + 10 after 0, and it came at 1
}

TEST(SimulationTest, AnIdleCoreReadsWhileTheOtherExecutes) {
  SimulationOptions options = Options(Ms(10));
  options.service.overhead = Ms(2);
  options.policy.admission.workers = options.fleet.replica.workers = 2;
  // 1 to read, 10 to execute, 1 to answer, for both: the second is read on the core that is idle.
  EXPECT_MS(Serve(options, {At(0), At(5)}).latencies.max, 12);
}

TEST(SimulationTest, WorkersThatAreIdleShareAnInteractiveImage) {
  SimulationOptions options = Options(Ms(10));
  options.policy.admission.workers = options.fleet.replica.workers = 2;
  options.fleet.replica.latency_threads = 2;
  options.fleet.replica.sharing_efficiency = 1;
  EXPECT_MS(Serve(options, {At(0)}).latencies.max, 5);
  // One that comes meanwhile waits for the end of what is shared, and is shared then.
  EXPECT_MS(Serve(options, {At(0), At(1)}).latencies.max, 9);
  Arrival bulk = At(0);
  bulk.task_class = TaskClass::kBulk;
  EXPECT_MS(Serve(options, {bulk}).latencies.max, 10);
}

// What the policies do with a request that will be late: ours refuses it, the others work for nobody.
TEST(SimulationTest, OnlyOursHeedsDeadlines) {
  for (const Kind kind : {Kind::kOurs, Kind::kFixedDelay, Kind::kFifo}) {
    SimulationOptions options = Options(Ms(10));
    options.policy.kind = kind;
    options.policy.fixed_delay = absl::ZeroDuration();
    const SimulationResult result = Serve(options, {At(0, Ms(100)), At(1, Ms(5))});
    EXPECT_EQ(result.outcomes.good, 1) << result.policy;
    EXPECT_EQ(result.outcomes.unreachable, kind == Kind::kOurs ? 1 : 0) << result.policy;
    EXPECT_EQ(result.outcomes.expired, kind == Kind::kOurs ? 0 : 1) << result.policy;
    EXPECT_DOUBLE_EQ(result.wasted, kind == Kind::kOurs ? 0 : 0.5) << result.policy;
  }
}

TEST(SimulationTest, AFixedDelayWaitsForAFullBatchThoughAWorkerIsFree) {
  SimulationOptions options = Options(Ms(10));
  options.policy.kind = Kind::kFixedDelay;
  options.policy.batching.max_batch_size = 2;
  EXPECT_MS(Serve(options, {At(0)}).latencies.max, 15);
  // The second makes it full at 3.
  const SimulationResult full = Serve(options, {At(0), At(3)});
  EXPECT_MS(full.latencies.p50, 13);
  EXPECT_MS(full.latencies.max, 20);
  options.policy.fixed_capacity = 1;
  EXPECT_EQ(Serve(options, {At(0), At(3)}).outcomes.overloaded, 1);
}

TEST(SimulationTest, ClientsTryAgainWhenTheyAreTold) {
  SimulationOptions options = Options(Ms(10));
  options.policy.admission.queue_capacity = 1;
  const std::vector<Arrival> arrivals = {At(0), At(1), At(2)};
  EXPECT_EQ(Serve(options, arrivals).outcomes.overloaded, 1);
  options.attempts = 5;
  const SimulationResult result = Serve(options, arrivals);
  EXPECT_EQ(result.outcomes.good, 3);
  EXPECT_GT(result.attempts, 3);
  EXPECT_EQ(result.attempts, result.refused_attempts + 3);
  // Two images were under way or waited: 10 to 30 ms after it came at 2, and then 10 at most to be executed
  // and 10 for the one before it, for each time that it was refused.
  EXPECT_GE(result.latencies.max, Ms(20));
}

TEST(SimulationTest, NobodyTriesAgainAfterItsDeadline) {
  SimulationOptions options = Options(Ms(10));
  options.policy.admission.queue_capacity = 1;
  options.attempts = 5;
  // The drain of two images takes 10 ms at least, with the jitter.
  const SimulationResult result = Serve(options, {At(0), At(1), At(2, Ms(35))});
  EXPECT_EQ(result.outcomes.requests, 3);
  EXPECT_LE(result.latencies.max, Ms(35));
}

TEST(SimulationTest, TellsClientsAndClassesApart) {
  SimulationOptions options = Options(Ms(10));
  options.clients = {"web", "batch"};
  Arrival bulk = At(0);
  bulk.client = 1;
  bulk.task_class = TaskClass::kBulk;
  Arrival late = At(1);
  // Executing, then the interactive one of the two that wait.
  const SimulationResult result = Serve(options, {At(0), bulk, late});
  ASSERT_EQ(result.groups.size(), 2u);
  EXPECT_EQ(result.groups[0].client, "web");
  EXPECT_FALSE(result.groups[0].bulk);
  EXPECT_EQ(result.groups[0].outcomes.good, 2);
  EXPECT_MS(result.groups[0].latencies.max, 19);
  EXPECT_TRUE(result.groups[1].bulk);
  EXPECT_MS(result.groups[1].latencies.max, 30);
}

TEST(SimulationTest, TheTimelineAddsUpToTheWhole) {
  SimulationOptions options = Options(Ms(10));
  options.interval = Ms(250);
  const SimulationResult result = Serve(options, {At(0), At(240), At(245), At(600), At(999)});
  ASSERT_EQ(result.timeline.size(), 4u);
  EXPECT_EQ(result.timeline[1].begin, Ms(250));
  const std::vector<double> arrivals = {12, 0, 4, 4}, good = {4, 8, 4, 0};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(result.timeline[i].arrivals_per_second, arrivals[i]) << i;
    EXPECT_DOUBLE_EQ(result.timeline[i].good_per_second, good[i]) << i;
  }
  EXPECT_EQ(result.timeline[0].inside, 2);
  // The one that is answered after the end is good, but no part of what was done in the time.
  EXPECT_EQ(result.outcomes.good, 5);
  EXPECT_DOUBLE_EQ(result.goodput, 4);
}

TEST(SimulationTest, TheWarmUpIsServedAndNotCounted) {
  SimulationOptions options = Options(Ms(10));
  options.warm_up = Ms(500);
  const SimulationResult result = Serve(options, {At(0), At(495), At(500)});
  EXPECT_EQ(result.outcomes.requests, 1);
  EXPECT_MS(result.latencies.max, 15);  // it waited for the one before
  EXPECT_DOUBLE_EQ(result.goodput, 2);
  EXPECT_DOUBLE_EQ(result.timeline[0].good_per_second, 3);
}

// Any mix of everything: each request ends exactly once, none is good after its deadline, and the same seed
// gives the same result to the last digit.
TEST(SimulationTest, EveryRequestEndsExactlyOnceAndRunsRepeat) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const auto pick = [&random](int n) { return static_cast<int>(random.Uniform() * n); };
    WorkloadOptions workload;
    workload.seed = seed;
    workload.rate = RateCurve::Constant(50 + 2000 * random.Uniform());
    workload.duration = absl::Seconds(3);
    workload.timeouts = {{Ms(1 + pick(200)), 1}, {Ms(1 + pick(50)), 1}};
    if (pick(2) == 0) workload.timeouts.push_back({absl::InfiniteDuration(), 1});
    workload.bulk_share = random.Uniform();
    workload.work_variation = pick(2) * random.Uniform();
    workload.clients = {{"a", 1}, {"b", 3}};
    SimulationOptions options = Options(Ms(1 + pick(10)));
    if (pick(2) == 0) {
      options.service.execution = CostTable({{1, Ms(5)}, {8, Ms(9)}});
      options.service.believed = options.service.execution;
    }
    options.policy.kind = std::vector<Kind>{Kind::kOurs, Kind::kFixedDelay, Kind::kFifo}[seed % 3];
    options.policy.fixed_capacity = pick(2) * 50;
    options.policy.batching.batch_timeout = Ms(pick(2) * pick(20));
    options.policy.admission.queue_capacity = 1 + pick(100);
    options.service.decode = Ms(pick(5));
    options.service.overhead = absl::Microseconds(pick(300));
    options.service.refusal_cost = absl::Microseconds(pick(300));
    options.service.round_trip = Ms(pick(2) * pick(10));
    options.fleet.replica.workers = options.policy.admission.workers = 1 + pick(4);
    options.fleet.replica.latency_threads = 1 + pick(3);
    options.fleet.replicas = 1 + pick(3);
    options.fleet.balancer.connections = pick(2) * 10;
    options.fleet.balancer.connection_age = Ms(500);
    options.attempts = 1 + pick(4);
    options.clients = {"a", "b"};
    options.duration = workload.duration;
    SCOPED_TRACE(seed);
    int64_t requests = 0;
    Workload counted(workload), source(workload), again(workload);
    while (counted.Next()) ++requests;
    const SimulationResult result = Simulate(options, source);
    const Outcomes& outcomes = result.outcomes;
    EXPECT_EQ(outcomes.requests, requests);
    EXPECT_EQ(outcomes.good + outcomes.expired + outcomes.refused(), requests);
    EXPECT_EQ(result.timeline.back().inside == 0 || outcomes.good + outcomes.expired > 0, true);
    if (workload.timeouts.size() == 2) {
      EXPECT_LE(result.latencies.max,
                std::max(workload.timeouts[0].value, workload.timeouts[1].value) + Ms(1e-4));
    }
    EXPECT_EQ(ResultJson({Simulate(options, again)}, true), ResultJson({result}, true));
  }
}

}  // namespace
}  // namespace edgenext::serving
