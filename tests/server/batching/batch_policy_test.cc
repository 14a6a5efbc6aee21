#include "server/batching/batch_policy.h"

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace edgenext::serving {

std::ostream& operator<<(std::ostream& out, const BatchDecision& decision) {
  switch (decision.kind) {
    case BatchDecision::Kind::kStop:
      return out << "stop";
    case BatchDecision::Kind::kWait:
      return out << "wait until " << decision.wake_at.since_start();
    case BatchDecision::Kind::kTake:
      return out << "take " << decision.count << " because " << static_cast<int>(decision.why);
  }
  return out;
}

bool operator==(const BatchDecision& a, const BatchDecision& b) {
  return a.kind == b.kind && a.count == b.count && a.wake_at == b.wake_at && a.why == b.why;
}

namespace {

constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();

MonotonicTime At(int milliseconds) { return MonotonicTime::FromDuration(absl::Milliseconds(milliseconds)); }

BatchDecision Take(int count, TakeReason why) {
  BatchDecision decision;
  decision.kind = BatchDecision::Kind::kTake;
  decision.count = count;
  decision.why = why;
  return decision;
}

BatchDecision Wait(MonotonicTime wake_at) {
  BatchDecision decision;
  decision.wake_at = wake_at;
  return decision;
}

BatchDecision Stop() {
  BatchDecision decision;
  decision.kind = BatchDecision::Kind::kStop;
  return decision;
}

BatchPolicy Policy(int max_batch_size, int batch_timeout_ms) {
  BatchPolicy::Options options;
  options.max_batch_size = max_batch_size;
  options.batch_timeout = absl::Milliseconds(batch_timeout_ms);
  return BatchPolicy(options);
}

// Four images together take the time of two one by one: b* is 4.
CostTable CheapFours() {
  return CostTable({{1, absl::Milliseconds(10)}, {2, absl::Milliseconds(16)}, {4, absl::Milliseconds(20)}});
}

struct AtOnceCase {
  std::string name;
  int queued;
  int idle_workers;
  int best_batch;  // 1 or 4
  int max_batch_size;
  bool draining;
  BatchDecision expected;
};

TEST(BatchPolicyTest, WithoutTimeoutAFreeWorkerTakesItsShareAtOnce) {
  const std::vector<AtOnceCase> cases = {
      {"nothing to do", 0, 1, 1, 8, false, Wait(kNever)},
      {"nothing will come", 0, 1, 1, 8, true, Stop()},
      {"one image", 1, 1, 1, 8, false, Take(1, TakeReason::kIdle)},
      {"b* is one: never more", 100, 1, 1, 8, false, Take(1, TakeReason::kIdle)},
      {"one image is a full batch where no larger one is allowed", 5, 1, 1, 1, false,
       Take(1, TakeReason::kFull)},
      {"b* at most", 100, 1, 4, 8, false, Take(4, TakeReason::kIdle)},
      {"b* that is also the limit", 100, 1, 4, 4, false, Take(4, TakeReason::kFull)},
      {"the limit is below b*", 100, 1, 4, 2, false, Take(2, TakeReason::kFull)},
      {"the share of two workers", 6, 2, 4, 8, false, Take(3, TakeReason::kIdle)},
      {"the share is rounded up", 5, 2, 4, 8, false, Take(3, TakeReason::kIdle)},
      {"more workers than images", 3, 8, 4, 8, false, Take(1, TakeReason::kIdle)},
      {"nobody counted as idle", 3, 0, 4, 8, false, Take(3, TakeReason::kIdle)},
      {"a drain changes the reason only", 6, 2, 4, 8, true, Take(3, TakeReason::kDrain)},
  };
  const CostTable fours = CheapFours();
  const CostTable ones = CostTable::Constant(absl::Milliseconds(10));
  for (const AtOnceCase& c : cases) {
    QueueSnapshot queue;
    queue.queued = c.queued;
    queue.idle_workers = c.idle_workers;
    queue.oldest = At(0);
    queue.cost = c.best_batch == 4 ? &fours : &ones;
    queue.draining = c.draining;
    EXPECT_EQ(Policy(c.max_batch_size, 0).Decide(queue, At(0)), c.expected) << c.name;
  }
}

struct TimeoutCase {
  std::string name;
  int queued;
  MonotonicTime oldest;
  MonotonicTime earliest_deadline;
  MonotonicTime now;
  bool draining;
  BatchDecision expected;
};

// At most 8 images, 50 ms of waiting; an execution takes 10 ms an image, so n images leave 20 n ms before a
// deadline.
TEST(BatchPolicyTest, WithTimeoutItWaitsForAFullBatch) {
  const std::vector<TimeoutCase> cases = {
      {"nothing to do", 0, kNever, kNever, At(100), false, Wait(kNever)},
      {"nothing will come", 0, kNever, kNever, At(100), true, Stop()},
      {"just come", 1, At(100), kNever, At(100), false, Wait(At(150))},
      {"almost", 7, At(100), kNever, At(149), false, Wait(At(150))},
      {"full at the first moment", 8, At(100), kNever, At(100), false, Take(8, TakeReason::kFull)},
      {"more than full", 20, At(100), kNever, At(120), false, Take(8, TakeReason::kFull)},
      {"full is full, however late", 8, At(100), At(101), At(500), false, Take(8, TakeReason::kFull)},
      {"the very moment of the timeout", 3, At(100), kNever, At(150), false, Take(3, TakeReason::kTimeout)},
      {"after it", 3, At(100), kNever, At(170), false, Take(3, TakeReason::kTimeout)},
      {"a deadline far away", 3, At(100), At(900), At(110), false, Wait(At(150))},
      {"the deadline comes first", 2, At(100), At(170), At(110), false, Wait(At(130))},
      {"the moment before a deadline", 2, At(100), At(170), At(130), false, Take(2, TakeReason::kDeadline)},
      {"a deadline that is hardly met", 2, At(100), At(112), At(110), false, Take(2, TakeReason::kDeadline)},
      {"timeout and deadline at one time", 2, At(100), At(190), At(150), false,
       Take(2, TakeReason::kTimeout)},
      {"a drain waits for nothing", 3, At(100), kNever, At(100), true, Take(3, TakeReason::kDrain)},
      {"a drain of more than a batch", 11, At(100), kNever, At(100), true, Take(8, TakeReason::kDrain)},
      {"the clock went back", 3, At(100), kNever, At(40), false, Take(3, TakeReason::kTimeout)},
      {"the clock went back before a deadline", 2, At(100), At(130), At(40), false,
       Take(2, TakeReason::kDeadline)},
  };
  const CostTable cost = CostTable::Constant(absl::Milliseconds(10));
  for (const TimeoutCase& c : cases) {
    QueueSnapshot queue;
    queue.queued = c.queued;
    queue.oldest = c.oldest;
    queue.earliest_deadline = c.earliest_deadline;
    queue.cost = &cost;
    queue.draining = c.draining;
    EXPECT_EQ(Policy(8, 50).Decide(queue, c.now), c.expected) << c.name;
  }
}

// Whoever waits as told and asks again gets a batch: no decision can hold a task for ever.
TEST(BatchPolicyTest, AskingAgainAtWakeTimeAlwaysTakes) {
  std::mt19937 random(7);
  const CostTable cost = CheapFours();
  for (int i = 0; i < 10'000; ++i) {
    QueueSnapshot queue;
    queue.queued = std::uniform_int_distribution<int>(1, 40)(random);
    queue.idle_workers = std::uniform_int_distribution<int>(1, 9)(random);
    queue.oldest = At(std::uniform_int_distribution<int>(0, 200)(random));
    queue.earliest_deadline = At(std::uniform_int_distribution<int>(0, 400)(random));
    queue.cost = &cost;
    const BatchPolicy policy = Policy(std::uniform_int_distribution<int>(1, 8)(random),
                                      std::uniform_int_distribution<int>(0, 60)(random));
    const MonotonicTime now = At(std::uniform_int_distribution<int>(0, 400)(random));
    BatchDecision decision = policy.Decide(queue, now);
    if (decision.kind == BatchDecision::Kind::kWait) {
      ASSERT_GT(decision.wake_at, now);
      decision = policy.Decide(queue, decision.wake_at);
    }
    ASSERT_EQ(decision.kind, BatchDecision::Kind::kTake);
    ASSERT_GE(decision.count, 1);
    ASSERT_LE(decision.count, std::min(queue.queued, policy.options().max_batch_size));
  }
}

OrderKey KeyOf(TaskClass task_class, MonotonicTime deadline, uint64_t arrival,
               MonotonicTime scheduled_at = At(0)) {
  TaskAttributes attributes;
  attributes.task_class = task_class;
  attributes.deadline = deadline;
  return Policy(8, 0).Key(attributes, scheduled_at, arrival);
}

TEST(BatchPolicyTest, OrderIsClassThenDeadlineThenArrival) {
  // In the order in which they leave.
  const std::vector<OrderKey> keys = {
      KeyOf(TaskClass::kInteractive, At(10), 9), KeyOf(TaskClass::kInteractive, At(20), 3),
      KeyOf(TaskClass::kInteractive, At(20), 4), KeyOf(TaskClass::kInteractive, kNever, 1),
      KeyOf(TaskClass::kInteractive, kNever, 2), KeyOf(TaskClass::kBulk, At(5), 7),
      KeyOf(TaskClass::kBulk, At(6), 6),         KeyOf(TaskClass::kBulk, kNever, 0),
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < keys.size(); ++j) EXPECT_EQ(keys[i] < keys[j], i < j) << i << ", " << j;
  }
}

// Those that come later with near deadlines overtake it for ten seconds, and not for ever.
TEST(BatchPolicyTest, ATaskWithAFarDeadlineIsOvertakenForALimitedTime) {
  const OrderKey patient = KeyOf(TaskClass::kBulk, kNever, 1, At(500));
  const OrderKey far = KeyOf(TaskClass::kBulk, At(60'000), 2, At(500));
  EXPECT_TRUE(KeyOf(TaskClass::kBulk, At(10'499), 3, At(10'000)) < patient);
  EXPECT_TRUE(patient < far) << "the order of arrival";
  EXPECT_TRUE(far < KeyOf(TaskClass::kBulk, At(10'501), 4, At(10'000)));
}

struct ClassCase {
  std::string name;
  int interactive;
  int bulk;
  int oldest_bulk_waited_ms;
  int interactive_since_bulk;
  int idle_workers;
  TaskClass next;
  bool gives_way;  // a worker that has taken a bulk task just now
};

// Bulk tasks age within a second; then every eighth is theirs.
TEST(BatchPolicyTest, InteractiveGoesFirstButForBulksTurn) {
  constexpr TaskClass kInteractive = TaskClass::kInteractive, kBulk = TaskClass::kBulk;
  const std::vector<ClassCase> cases = {
      {"only interactive", 3, 0, 0, 100, 0, kInteractive, true},
      {"only bulk", 0, 3, 5000, 0, 0, kBulk, false},
      {"both, fresh", 1, 9, 999, 100, 0, kInteractive, true},
      {"both, aged, the seventh is interactive", 9, 9, 1000, 6, 0, kInteractive, true},
      {"both, aged, the eighth is bulk", 9, 9, 1000, 7, 0, kBulk, false},
      {"long since", 9, 1, 60'000, 1 << 30, 0, kBulk, false},
      {"an idle worker takes the only one", 1, 9, 0, 0, 1, kInteractive, false},
      {"one more than idle workers take", 3, 9, 0, 0, 2, kInteractive, true},
      {"the clock went back", 1, 1, -5000, 7, 0, kInteractive, true},
  };
  const MonotonicTime now = At(100'000);
  for (const ClassCase& c : cases) {
    QueueSnapshot queue;
    queue.queued = c.interactive + c.bulk;
    queue.bulk = c.bulk;
    queue.idle_workers = c.idle_workers;
    if (c.bulk > 0) queue.oldest_bulk = now - absl::Milliseconds(c.oldest_bulk_waited_ms);
    queue.interactive_since_bulk = c.interactive_since_bulk;
    EXPECT_EQ(Policy(8, 0).NextClass(queue, now), c.next) << c.name;
    EXPECT_EQ(Policy(8, 0).GivesWay(queue, now, now), c.gives_way) << c.name;
  }
}

// The aged one may be the worker's own, with none behind it in the queue.
TEST(BatchPolicyTest, AnAgedBulkTaskInItsTurnDoesNotGiveWay) {
  QueueSnapshot queue;
  queue.queued = 5;
  queue.idle_workers = 0;
  queue.interactive_since_bulk = 7;
  EXPECT_FALSE(Policy(8, 0).GivesWay(queue, At(0), At(1000)));
  EXPECT_TRUE(Policy(8, 0).GivesWay(queue, At(1), At(1000)));
  queue.interactive_since_bulk = 6;
  EXPECT_TRUE(Policy(8, 0).GivesWay(queue, At(0), At(1000)));
}

}  // namespace
}  // namespace edgenext::serving
