#ifndef SERVER_BATCHING_BATCH_POLICY_H_
#define SERVER_BATCHING_BATCH_POLICY_H_

#include <cstdint>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/cost_table.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// What the policy sees of the queue when a worker asks.
struct QueueSnapshot {
  int queued = 0;                                               // of both classes
  int bulk = 0;                                                 // of these
  int idle_workers = 1;                                         // the one that asks included, if it is idle
  MonotonicTime oldest = MonotonicTime::InfiniteFuture();       // when the longest waiting task was scheduled
  MonotonicTime oldest_bulk = MonotonicTime::InfiniteFuture();  // the same of the bulk ones
  MonotonicTime earliest_deadline = MonotonicTime::InfiniteFuture();
  int64_t interactive_since_bulk = 0;  // interactive tasks that began after the last bulk one did
  const CostTable* cost = nullptr;     // never null when `queued` > 0
  bool draining = false;               // nothing will be added any more
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
    kTake,  // take the next `count` tasks because of `why`
    kStop,  // the queue is empty for good
  };
  Kind kind = Kind::kWait;
  int count = 0;
  MonotonicTime wake_at = MonotonicTime::InfiniteFuture();
  TakeReason why = TakeReason::kIdle;
};

// A task's place in the queue. Among tasks of one class smaller ones leave first; between the classes that is
// so as long as no bulk task has its turn (BatchPolicy::NextClass). A value type.
struct OrderKey {
  int rank;                // of the class
  MonotonicTime deadline;  // by which it is ordered
  uint64_t arrival;        // different for all tasks of a queue

  friend bool operator<(const OrderKey& a, const OrderKey& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.deadline != b.deadline) return a.deadline < b.deadline;
    return a.arrival < b.arrival;
  }
};

// Decides in which order tasks leave the queue, when, and how many together. Pure: its answers depend on the
// arguments and on the options alone, so a simulator can ask it as well as a server. Immutable.
//
// Within a class the earliest deadline goes first. Interactive tasks go before bulk ones, but for bulk's
// turn: when a bulk task has waited for `bulk_ageing` and `bulk_share` - 1 interactive tasks have begun since
// the last bulk one. So, however much there is of the other class,
//   - interactive work has all but 1 / bulk_share of the executions, and below that load waits for the rest
//   of
//     an execution under way and one turn in bulk_share - 1 of its own;
//   - bulk work has at least 1 / bulk_share of the executions once it has waited for bulk_ageing, and
//     everything that interactive work leaves at once.
class BatchPolicy {
 public:
  struct Options {
    // The largest batch; at least 1.
    int max_batch_size = 8;
    // Zero: a free worker takes min(b*, ceil(queued / idle workers)) at once, b* being the cost table's best
    // size. Else the longest wait of the oldest task for max_batch_size of them; a short batch leaves earlier
    // where a deadline needs it.
    absl::Duration batch_timeout = absl::ZeroDuration();
    absl::Duration bulk_ageing = absl::Seconds(1);
    int bulk_share = 8;  // at least 2
    // A task without a deadline, or with a later one, is ordered as if its deadline were so long after it was
    // scheduled: those that come later with nearer ones cannot overtake it for ever.
    absl::Duration longest_overtaking = absl::Seconds(10);
  };

  explicit BatchPolicy(const Options& options) : options_(options) {}

  BatchDecision Decide(const QueueSnapshot& queue, MonotonicTime now) const;

  // The class of the task that leaves next; something is queued.
  TaskClass NextClass(const QueueSnapshot& queue, MonotonicTime now) const;

  // Whether a worker whose batch goes on with a bulk task that was scheduled at `scheduled_at` must give its
  // rest back, because more interactive tasks wait than idle workers will take at once.
  bool GivesWay(const QueueSnapshot& queue, MonotonicTime scheduled_at, MonotonicTime now) const;

  // Of a task that was scheduled at `scheduled_at`.
  OrderKey Key(const TaskAttributes& attributes, MonotonicTime scheduled_at, uint64_t arrival) const;

  const Options& options() const { return options_; }

 private:
  BatchDecision DecideAtOnce(const QueueSnapshot& queue) const;
  BatchDecision DecideWithTimeout(const QueueSnapshot& queue, MonotonicTime now) const;
  // Whether it is the turn of bulk tasks of which the oldest was scheduled then.
  bool IsBulksTurn(MonotonicTime oldest_bulk, int64_t interactive_since_bulk, MonotonicTime now) const;

  const Options options_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_BATCH_POLICY_H_
