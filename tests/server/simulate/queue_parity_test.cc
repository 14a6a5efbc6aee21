// A simulated worker beside the server's own TaskQueue and Batch: the same requests at the same times are
// executed in the same order and end at the same times.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/batching/task_queue.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workload.h"
#include "tests/server/simulate/given_arrivals.h"
#include "tests/testing/simulated_clock.h"

namespace edgenext::serving {
namespace {

constexpr absl::Duration kExecution = absl::Milliseconds(10);

CostTable Cost() { return CostTable({{1, kExecution}, {4, 2 * kExecution}}); }
MonotonicTime At(absl::Duration since_start) { return MonotonicTime::FromDuration(since_start); }

class NumberedTask final : public Task {
 public:
  NumberedTask(const TaskAttributes& attributes, size_t number)
      : Task(attributes, nullptr), number_(number) {}
  void Abandon(absl::Status why) override { ADD_FAILURE() << number_ << ": " << why; }
  size_t number() const { return number_; }

 private:
  const size_t number_;
};

// Bulk and interactive requests in bursts, with deadlines that order them and that all meet, so that nothing
// is refused: what may differ is what the queue decides.
std::vector<Arrival> Requests() {
  WorkloadOptions workload;
  workload.rate =
      RateCurve::Make({{absl::ZeroDuration(), 60}, {absl::Seconds(3), 280}}, absl::Seconds(3)).value();
  workload.duration = absl::Seconds(30);
  workload.timeouts = {{absl::Seconds(50), 1}, {absl::Seconds(80), 1}, {absl::Seconds(45), 1}};
  workload.bulk_share = 0.4;
  Workload source(workload);
  std::vector<Arrival> requests;
  while (const absl::optional<Arrival> arrival = source.Next()) requests.push_back(*arrival);
  return requests;
}

BatchPolicy::Options Batching() {
  BatchPolicy::Options options;
  options.max_batch_size = 4;
  options.bulk_ageing = absl::Milliseconds(300);
  return options;
}

// When each request's execution ends, by the server's queue with one worker whose batches take what Cost
// says.
std::vector<absl::Duration> EndsOnServer(const std::vector<Arrival>& requests) {
  testing::SimulatedClock clock(At(absl::ZeroDuration()));
  TaskQueue::Options options;
  options.capacity = 1 << 20;
  options.policy = Batching();
  options.clock = &clock;
  TaskQueue queue(options);
  queue.SetCostTable(Cost());
  std::vector<absl::Duration> ends(requests.size());
  size_t next = 0, ended = 0;
  int queued = 0;
  // Requests that arrive until then are scheduled at their times.
  const auto advance = [&](absl::Duration until) {
    for (; next < requests.size() && requests[next].at <= until; ++next, ++queued) {
      clock.SetTime(At(requests[next].at));
      TaskAttributes attributes;
      attributes.deadline = clock.Now() + requests[next].timeout;
      attributes.task_class = requests[next].task_class;
      std::unique_ptr<Task> task = std::make_unique<NumberedTask>(attributes, next);
      EXPECT_TRUE(queue.Schedule(&task).ok());
    }
    clock.SetTime(At(until));
  };
  while (ended < requests.size()) {
    if (queued == 0) advance(requests[next].at);
    Batch batch = *queue.Take();
    int executed = 0;
    while (const std::unique_ptr<Task> task = batch.Next()) {
      const absl::Duration end =
          clock.Now().since_start() + Cost().Predict(executed + 1) - Cost().Predict(executed);
      ++executed;
      --queued;
      advance(end);
      ends[static_cast<const NumberedTask&>(*task).number()] = end;
      ++ended;
    }
  }
  return ends;
}

TEST(QueueParityTest, RequestsEndWhenTheyEndOnTheServer) {
  const std::vector<Arrival> requests = Requests();
  const std::vector<absl::Duration> ends = EndsOnServer(requests);
  SimulationOptions options;
  options.policy.batching = Batching();
  options.policy.admission.queue_capacity = 1 << 20;
  options.policy.admission.max_queue_wait = absl::Hours(1);
  options.service.execution = options.service.believed = Cost();
  options.duration = absl::Seconds(60);
  // Each is a client of its own, whose group tells its latency; fair shares bind nobody in so large a queue.
  std::vector<Arrival> named = requests;
  options.clients.clear();
  for (size_t i = 0; i < named.size(); ++i) {
    named[i].client = static_cast<int>(i);
    options.clients.push_back(std::to_string(i));
  }
  GivenArrivals source(named);
  const SimulationResult result = Simulate(options, source);
  ASSERT_EQ(result.outcomes.good, static_cast<int64_t>(requests.size()));
  ASSERT_EQ(result.groups.size(), requests.size());
  int waited = 0;
  for (const Group& group : result.groups) {
    const auto i = static_cast<size_t>(std::stoul(group.client));
    const absl::Duration latency = ends[i] - requests[i].at;
    // Latencies are kept as float seconds.
    ASSERT_NEAR(absl::ToDoubleMilliseconds(group.latencies.max), absl::ToDoubleMilliseconds(latency), 1e-3)
        << i;
    if (latency > 10 * kExecution) ++waited;
  }
  EXPECT_GT(waited, 500);  // so there was something to decide
}

}  // namespace
}  // namespace edgenext::serving
