#include "server/simulate/call_queue.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/batching/task_queue.h"
#include "server/simulate/random.h"
#include "server/simulate/serving_policy.h"
#include "tests/testing/simulated_clock.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;

MonotonicTime At(int ms) { return MonotonicTime::FromDuration(absl::Milliseconds(ms)); }

std::unique_ptr<Call> Named(int client) {
  auto call = std::make_unique<Call>();
  call->arrival.client = client;
  return call;
}
std::vector<int> Names(const CallQueue::Calls& calls) {
  std::vector<int> names;
  for (const std::unique_ptr<Call>& call : calls) names.push_back(call->arrival.client);
  return names;
}

TEST(CallQueueTest, GivesTheFirstByKeyAndKnowsAgeAndExpiry) {
  CallQueue queue;
  EXPECT_EQ(queue.oldest(), MonotonicTime::InfiniteFuture());
  queue.Add({1, At(10), 0}, At(1), At(10), Named(0));
  queue.Add({0, At(90), 1}, At(2), At(90), Named(1));
  queue.Add({0, MonotonicTime::InfiniteFuture(), 2}, At(3), MonotonicTime::InfiniteFuture(), Named(2));
  EXPECT_EQ(queue.size(), 3);
  EXPECT_EQ(queue.oldest(), At(1));
  EXPECT_EQ(queue.earliest_expiry(), At(10));
  EXPECT_THAT(Names(queue.RemoveFirst(2)), ElementsAre(1, 2));
  EXPECT_EQ(queue.oldest(), At(1));
  EXPECT_THAT(Names(queue.RemoveFirst(1)), ElementsAre(0));
  EXPECT_EQ(queue.earliest_expiry(), MonotonicTime::InfiniteFuture());
}

TEST(CallQueueTest, RemovesWhatHasExpired) {
  CallQueue queue;
  queue.Add({0, At(10), 0}, At(1), At(10), Named(0));
  queue.Add({0, At(20), 1}, At(1), At(20), Named(1));
  EXPECT_THAT(Names(queue.RemoveExpired(At(9))), ElementsAre());
  EXPECT_THAT(Names(queue.RemoveExpired(At(10))), ElementsAre(0));
  EXPECT_THAT(Names(queue.RemoveExpired(At(100))), ElementsAre(1));
  EXPECT_EQ(queue.size(), 0);
}

// Does nothing but tell its name when it is taken out.
class NamedTask final : public Task {
 public:
  NamedTask(const TaskAttributes& attributes, int name, std::vector<int>* expired)
      : Task(attributes, nullptr), name_(name), expired_(expired) {}
  void Abandon(absl::Status) override { expired_->push_back(name_); }
  int name() const { return name_; }

 private:
  const int name_;
  std::vector<int>* const expired_;
};

// The simulator's queue beside the server's, fed with the same tasks at the same times: the same batches
// leave both, and the same tasks expire.
TEST(CallQueueTest, AgreesWithTheServersQueue) {
  Random random(7);
  testing::SimulatedClock clock(At(0));
  const CostTable cost({{1, absl::Milliseconds(5)}, {4, absl::Milliseconds(8)}});
  TaskQueue::Options options;
  options.capacity = 1 << 20;
  options.policy.max_batch_size = 6;
  options.policy.bulk_ageing = absl::InfiniteDuration();  // the simulator has no turns of bulk
  options.clock = &clock;
  TaskQueue server(options);
  server.SetCostTable(cost);
  ServingPolicy::Options ours;
  ours.batching = options.policy;
  const ServingPolicy policy(ours);
  CallQueue simulated;
  std::vector<int> expired_there, expired_here;
  int batches = 0;
  for (int i = 0; i < 3000; ++i) {
    TaskAttributes attributes;
    if (random.Uniform() < 0.9) {
      attributes.deadline = clock.Now() + absl::Milliseconds(std::ceil(200 * random.Uniform()));
    }
    attributes.task_class = random.Uniform() < 0.3 ? TaskClass::kBulk : TaskClass::kInteractive;
    std::unique_ptr<Task> task = std::make_unique<NamedTask>(attributes, i, &expired_there);
    ASSERT_TRUE(server.Schedule(&task).ok());
    simulated.Add(policy.Key(attributes, clock.Now(), static_cast<uint64_t>(i)), clock.Now(),
                  attributes.deadline, Named(i));
    if (random.Uniform() < 0.6) clock.Advance(absl::Milliseconds(std::floor(20 * random.Uniform())));
    for (const std::unique_ptr<Call>& call : simulated.RemoveExpired(clock.Now())) {
      expired_here.push_back(call->arrival.client);
    }
    if (random.Uniform() < 0.6 || simulated.size() == 0) continue;
    QueueSnapshot snapshot;
    snapshot.queued = simulated.size();
    snapshot.oldest = simulated.oldest();
    snapshot.earliest_deadline = simulated.earliest_expiry();
    snapshot.cost = &cost;
    const BatchDecision decision = policy.Decide(snapshot, clock.Now());
    ASSERT_EQ(decision.kind, BatchDecision::Kind::kTake);
    Batch batch = *server.Take();
    std::vector<int> names;
    while (const std::unique_ptr<Task> taken = batch.Next()) {
      names.push_back(static_cast<const NamedTask&>(*taken).name());
    }
    ASSERT_EQ(names, Names(simulated.RemoveFirst(decision.count))) << "batch " << batches;
    ++batches;
  }
  EXPECT_GT(batches, 500);
  EXPECT_GT(expired_here.size(), 100u);
  std::sort(expired_here.begin(), expired_here.end());
  std::sort(expired_there.begin(), expired_there.end());
  // The server looks for what has expired when a worker asks, so its last ones may still be there.
  expired_here.resize(std::min(expired_here.size(), expired_there.size()));
  EXPECT_EQ(expired_here, expired_there);
}

}  // namespace
}  // namespace edgenext::serving
