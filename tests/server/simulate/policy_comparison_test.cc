// Ours beside a fixed delay and an unbounded queue, on the same requests: goodput within the deadline.

#include <map>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/simulate/flag_lists.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {
namespace {

using Kind = ServingPolicy::Kind;

constexpr char kFlat[] = "1:5ms";
constexpr char kSublinear[] = "1:5ms,2:6ms,4:8ms,8:12ms";

struct Cell {
  const char* cost = kFlat;
  int workers = 1;
  const char* deadline = "100ms";
  double load = 1;

  std::string Name() const { return absl::StrCat(cost, " on ", workers, ", ", deadline, " at ", load, "x"); }
};

// Long enough that what one deadline's time of waiting gives an unbounded queue at the start is little.
absl::Duration DurationFor(const Cell& cell) {
  absl::Duration longest;
  const std::vector<Weighted<absl::Duration>> timeouts = ParseTimeouts(cell.deadline).value();
  for (const Weighted<absl::Duration>& timeout : timeouts) longest = std::max(longest, timeout.value);
  return std::max(12 * longest, absl::Seconds(4));
}

SimulationResult Serve(const Cell& cell, Kind kind, double bulk_share) {
  SimulationOptions options;
  options.policy.kind = kind;
  options.policy.admission.workers = options.fleet.replica.workers = cell.workers;
  options.service.execution = options.service.believed = ParseCost(cell.cost).value();
  options.service.overhead = absl::Microseconds(150);
  options.service.refusal_cost = absl::Microseconds(100);
  options.duration = DurationFor(cell);
  WorkloadOptions workload;
  workload.duration = options.duration;
  workload.rate = RateCurve::Constant(cell.load * cell.workers *
                                      options.service.Capacity(options.policy.batching.max_batch_size));
  workload.timeouts = ParseTimeouts(cell.deadline).value();
  workload.bulk_share = bulk_share;
  Workload source(workload);
  return Simulate(options, source);
}

std::vector<Cell> Grid() {
  std::vector<Cell> cells;
  for (const char* cost : {kFlat, kSublinear}) {
    for (const int workers : {1, 2}) {
      for (const char* deadline : {"12ms", "25ms", "100ms", "300ms", "50ms,300ms,1s"}) {
        for (const double load : {0.5, 0.9, 1.5, 3.0, 5.0, 10.0})
          cells.push_back({cost, workers, deadline, load});
      }
    }
  }
  return cells;
}

// Where ours is worse, and by what part of the requests at most. Admission predicts waits from the mean time
// of an image. Where images of a batch cost far less than one alone, the mean at low load is that of small
// batches, and a deadline of a few executions looks out of reach, to admission and to the worker that would
// begin, that a larger batch would meet.
const std::map<std::string, double> kKnownShortfalls = {
    {"1:5ms,2:6ms,4:8ms,8:12ms on 1, 12ms at 0.5x", 0.32},
    {"1:5ms,2:6ms,4:8ms,8:12ms on 1, 25ms at 0.5x", 0.02},
    {"1:5ms,2:6ms,4:8ms,8:12ms on 2, 12ms at 0.5x", 0.2},
    {"1:5ms,2:6ms,4:8ms,8:12ms on 2, 25ms at 0.5x", 0.001},
};

TEST(PolicyComparisonTest, OursIsNeverWorse) {
  int better = 0;
  for (const Cell& cell : Grid()) {
    const int64_t ours = Serve(cell, Kind::kOurs, 0).outcomes.good;
    const auto known = kKnownShortfalls.find(cell.Name());
    for (const Kind kind : {Kind::kFixedDelay, Kind::kFifo}) {
      const Outcomes other = Serve(cell, kind, 0).outcomes;
      const double allowed =
          known == kKnownShortfalls.end() ? 0 : known->second * static_cast<double>(other.requests);
      EXPECT_GE(static_cast<double>(ours), static_cast<double>(other.good) - allowed)
          << PolicyName(kind) << ", " << cell.Name();
      if (ours > 2 * other.good) ++better;
    }
  }
  // Above capacity an unbounded queue serves nobody in time, whatever the batches.
  EXPECT_GE(better, 2 * 2 * 2 * 5 * 4 / 2);
}

// With classes ours gives bulk requests away for interactive ones, so these are what is compared.
TEST(PolicyComparisonTest, InteractiveRequestsAreNeverWorseBesideBulk) {
  for (const double load : {0.5, 0.9, 1.5, 3.0}) {
    const Cell cell = {kFlat, 2, "100ms", load};
    const auto interactive = [&cell](Kind kind) {
      const SimulationResult result = Serve(cell, kind, 0.3);
      for (const Group& group : result.groups) {
        if (!group.bulk) return group.outcomes.good;
      }
      return int64_t{0};
    };
    const int64_t ours = interactive(Kind::kOurs);
    EXPECT_GT(ours, 0);
    EXPECT_GE(ours, interactive(Kind::kFixedDelay)) << load;
    EXPECT_GE(ours, interactive(Kind::kFifo)) << load;
  }
}

}  // namespace
}  // namespace edgenext::serving
