#include "server/simulate/fleet.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "server/simulate/rate_curve.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {
namespace {

constexpr absl::Duration kExecution = absl::Milliseconds(10);

SimulationOptions Options() {
  SimulationOptions options;
  options.service.execution = options.service.believed = CostTable::Constant(kExecution);
  options.duration = absl::Seconds(600);
  options.interval = absl::Seconds(15);
  Autoscaler::Options scaler;
  scaler.target = 0.5;
  options.fleet.autoscaler = scaler;
  options.fleet.startup = absl::Seconds(20);
  options.fleet.rate_window = absl::Seconds(15);
  return options;
}
WorkloadOptions Load(std::vector<RateCurve::Point> points, absl::Duration duration) {
  WorkloadOptions workload;
  workload.rate = RateCurve::Make(std::move(points), absl::ZeroDuration()).value();
  workload.poisson = false;
  workload.duration = duration;
  workload.timeouts = {{absl::Milliseconds(500), 1}};
  return workload;
}
SimulationResult Serve(const SimulationOptions& options, const WorkloadOptions& load) {
  Workload source(load);
  return Simulate(options, source);
}
// At the end of the interval that begins at `seconds`.
int ReplicasAt(const SimulationResult& result, int seconds) {
  return result.timeline[static_cast<size_t>(seconds / 15)].replicas;
}

// 50 requests a second are 0.5 of a core; at 60 s they become 200: 2 cores' work, so 4 replicas. The first
// full window after the step ends at 75 s; the new ones are ready at 95 s, in the interval from 90 s.
TEST(FleetTest, AStepIsFollowedWhenTheMetricAndTheStartHaveTakenTheirTime) {
  const SimulationOptions options = Options();
  const SimulationResult result =
      Serve(options, Load({{absl::ZeroDuration(), 50}, {absl::Seconds(60), 50}, {absl::Seconds(60), 200}},
                          options.duration));
  EXPECT_EQ(ReplicasAt(result, 45), 1);
  EXPECT_EQ(ReplicasAt(result, 75), 1);
  EXPECT_EQ(ReplicasAt(result, 90), 4);
  EXPECT_EQ(ReplicasAt(result, 585), 4);
  // Between the step and the new replicas the one there is at its capacity, and the rest is refused.
  EXPECT_GT(result.timeline[5].refused_per_second, 90);
  EXPECT_EQ(result.timeline[10].refused_per_second, 0);
}

TEST(FleetTest, AFallIsFollowedOneReplicaAMinuteAfterTheStabilisationTime) {
  SimulationOptions options = Options();
  options.fleet.replicas = 4;
  options.duration = absl::Seconds(900);
  const SimulationResult result =
      Serve(options, Load({{absl::ZeroDuration(), 200}, {absl::Seconds(60), 200}, {absl::Seconds(60), 50}},
                          options.duration));
  // The last time that 4 were wanted was at 60 s. So 3 at 375 s, 2 at 435 s, 1 at 495 s.
  EXPECT_EQ(ReplicasAt(result, 345), 4);
  EXPECT_EQ(ReplicasAt(result, 375), 3);
  EXPECT_EQ(ReplicasAt(result, 435), 2);
  EXPECT_EQ(ReplicasAt(result, 495), 1);
  EXPECT_NEAR(result.mean_replicas, (900 + 375 + 435 + 495) / 900.0, 1e-9);
  EXPECT_EQ(result.outcomes.good, result.outcomes.requests);
}

// Connections that never end keep all the load on the replica that was there first; with an age they move.
TEST(FleetTest, NewReplicasNeedConnectionsThatEnd) {
  SimulationOptions options = Options();
  options.fleet.autoscaler.reset();
  options.fleet.balancer.connections = 40;
  const WorkloadOptions load = Load({{absl::ZeroDuration(), 150}}, options.duration);
  options.fleet.autoscaler.emplace();
  options.fleet.autoscaler->least = 1;
  options.fleet.balancer.connection_age = absl::Hours(24);
  const SimulationResult stuck = Serve(options, load);
  options.fleet.balancer.connection_age = absl::Seconds(30);
  const SimulationResult moving = Serve(options, load);
  EXPECT_GT(ReplicasAt(stuck, 585), 1);
  EXPECT_GT(stuck.timeline.back().refused_per_second, 40);
  EXPECT_EQ(moving.timeline.back().refused_per_second, 0);
}

TEST(FleetTest, RemovedReplicasFinishWhatTheyHave) {
  EventQueue events;
  ServingPolicy::Options policy_options;
  const ServingPolicy policy(policy_options);
  ServiceModel service;
  service.execution = service.believed = CostTable::Constant(absl::Seconds(100));
  Fleet::Options options;
  options.replicas = 2;
  options.rate_window = absl::Seconds(15);
  options.autoscaler.emplace();
  options.autoscaler->most = 2;
  options.autoscaler->stabilisation = absl::ZeroDuration();
  options.end = MonotonicTime::FromDuration(absl::Seconds(200));
  int answered = 0;
  Fleet fleet(options, &policy, &service, &events, [&answered](std::unique_ptr<Call>, const Answer& answer) {
    EXPECT_EQ(answer.kind, Answer::Kind::kResult);
    ++answered;
  });
  fleet.Arrive(std::make_unique<Call>());
  fleet.Arrive(std::make_unique<Call>());
  // Of the first 15 s the rate is 200 s of work; of the second there is none, so one replica goes.
  while (fleet.wanted() > 1) ASSERT_TRUE(events.RunNext());
  EXPECT_EQ(events.now(), MonotonicTime::FromDuration(absl::Seconds(30)));
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(fleet.inside(), 2);
  while (events.RunNext()) {
  }
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(fleet.inside(), 0);
}

}  // namespace
}  // namespace edgenext::serving
