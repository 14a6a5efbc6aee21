#ifndef SERVER_BATCHING_BATCH_POLICY_H_
#define SERVER_BATCHING_BATCH_POLICY_H_

#include <cstdint>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/cost_table.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// What the policy sees of the queue when a free worker asks.
struct QueueSnapshot {
  int queued = 0;
  int idle_workers = 1;                                    // the one that asks included
  MonotonicTime oldest = MonotonicTime::InfiniteFuture();  // when the longest waiting task was scheduled
  MonotonicTime earliest_deadline = MonotonicTime::InfiniteFuture();
  const CostTable* cost = nullptr;  // never null when `queued` > 0
  bool draining = false;            // nothing will be added any more
};

// Why a batch left the queue.
enum class TakeReason {
  kIdle,      // a worker was free
  kFull,      // max_batch_size tasks were there
  kTimeout,   // the oldest task had waited for the batch timeout
  kDeadline,  // the earliest deadline did not allow to wait longer
  kDrain,     // there is nothing to wait for any more
};

struct BatchDecision {
  enum class Kind {
    kWait,  // ask again when the queue changes, at `wake_at` at the latest
    kTake,  // take the first `count` tasks because of `why`
    kStop,  // the queue is empty for good
  };
  Kind kind = Kind::kWait;
  int count = 0;
  MonotonicTime wake_at = MonotonicTime::InfiniteFuture();
  TakeReason why = TakeReason::kIdle;
};

// A task's place in the queue: smaller ones leave first. A value type.
struct OrderKey {
  int rank;  // of the priority class
  MonotonicTime deadline;
  uint64_t arrival;  // different for all tasks of a queue

  friend bool operator<(const OrderKey& a, const OrderKey& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.deadline != b.deadline) return a.deadline < b.deadline;
    return a.arrival < b.arrival;
  }
};

// Decides in which order tasks leave the queue, when, and how many together. Pure: its answers depend on the
// arguments and on the options alone, so a simulator can ask it as well as a server. Immutable.
class BatchPolicy {
 public:
  struct Options {
    // The largest batch; at least 1.
    int max_batch_size = 8;
    // Zero: a free worker takes min(b*, ceil(queued / idle workers)) at once, b* being the cost table's best
    // size. Else the longest wait of the oldest task for max_batch_size of them; a short batch leaves earlier
    // where a deadline needs it.
    absl::Duration batch_timeout = absl::ZeroDuration();
  };

  explicit BatchPolicy(const Options& options) : options_(options) {}

  BatchDecision Decide(const QueueSnapshot& queue, MonotonicTime now) const;

  // Interactive before bulk, then the earliest deadline, then the order of arrival.
  OrderKey Key(const TaskAttributes& attributes, uint64_t arrival) const;

  const Options& options() const { return options_; }

 private:
  BatchDecision DecideAtOnce(const QueueSnapshot& queue) const;
  BatchDecision DecideWithTimeout(const QueueSnapshot& queue, MonotonicTime now) const;

  const Options options_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_BATCH_POLICY_H_
