#include "server/batching/batch_policy.h"

#include <algorithm>

namespace edgenext::serving {
namespace {

// A deadline is met by the answer, not by the execution: decoding before it and the reply after it get as
// much again.
constexpr int kDeadlineSlack = 2;

BatchDecision Take(int count, TakeReason why) {
  BatchDecision decision;
  decision.kind = BatchDecision::Kind::kTake;
  decision.count = count;
  decision.why = why;
  return decision;
}

BatchDecision WaitUntil(MonotonicTime wake_at) {
  BatchDecision decision;
  decision.wake_at = wake_at;
  return decision;
}

BatchDecision Stop() {
  BatchDecision decision;
  decision.kind = BatchDecision::Kind::kStop;
  return decision;
}

}  // namespace

BatchDecision BatchPolicy::Decide(const QueueSnapshot& queue, MonotonicTime now) const {
  if (queue.queued == 0) return queue.draining ? Stop() : WaitUntil(MonotonicTime::InfiniteFuture());
  return options_.batch_timeout > absl::ZeroDuration() ? DecideWithTimeout(queue, now) : DecideAtOnce(queue);
}

BatchDecision BatchPolicy::DecideAtOnce(const QueueSnapshot& queue) const {
  const int idle = std::max(queue.idle_workers, 1);
  const int share = (queue.queued + idle - 1) / idle;
  const int count = std::min(queue.cost->BestBatchSize(options_.max_batch_size), share);
  if (queue.draining) return Take(count, TakeReason::kDrain);
  return Take(count, count >= options_.max_batch_size ? TakeReason::kFull : TakeReason::kIdle);
}

BatchDecision BatchPolicy::DecideWithTimeout(const QueueSnapshot& queue, MonotonicTime now) const {
  const int count = std::min(queue.queued, options_.max_batch_size);
  if (queue.draining) return Take(count, TakeReason::kDrain);
  if (count == options_.max_batch_size) return Take(count, TakeReason::kFull);

  const MonotonicTime timeout_at = queue.oldest + options_.batch_timeout;
  const MonotonicTime deadline_at = queue.earliest_deadline - kDeadlineSlack * queue.cost->Predict(count);
  const bool clock_went_back = now < queue.oldest;
  if (now >= timeout_at || now >= deadline_at || clock_went_back) {
    return Take(count, deadline_at < timeout_at ? TakeReason::kDeadline : TakeReason::kTimeout);
  }
  return WaitUntil(std::min(timeout_at, deadline_at));
}

TaskClass BatchPolicy::NextClass(const QueueSnapshot& queue, MonotonicTime now) const {
  if (queue.bulk == 0) return TaskClass::kInteractive;
  if (queue.bulk == queue.queued) return TaskClass::kBulk;
  return IsBulksTurn(queue.oldest_bulk, queue.interactive_since_bulk, now) ? TaskClass::kBulk
                                                                           : TaskClass::kInteractive;
}

bool BatchPolicy::GivesWay(const QueueSnapshot& queue, MonotonicTime scheduled_at, MonotonicTime now) const {
  return queue.queued - queue.bulk > queue.idle_workers &&
         !IsBulksTurn(std::min(queue.oldest_bulk, scheduled_at), queue.interactive_since_bulk, now);
}

bool BatchPolicy::IsBulksTurn(MonotonicTime oldest_bulk, int64_t interactive_since_bulk,
                              MonotonicTime now) const {
  return interactive_since_bulk >= options_.bulk_share - 1 && now - oldest_bulk >= options_.bulk_ageing;
}

OrderKey BatchPolicy::Key(const TaskAttributes& attributes, MonotonicTime scheduled_at,
                          uint64_t arrival) const {
  return OrderKey{attributes.task_class == TaskClass::kInteractive ? 0 : 1,
                  std::min(attributes.deadline, scheduled_at + options_.longest_overtaking), arrival};
}

}  // namespace edgenext::serving
