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

OrderKey BatchPolicy::Key(const TaskAttributes& attributes, uint64_t arrival) const {
  return OrderKey{attributes.task_class == TaskClass::kInteractive ? 0 : 1, attributes.deadline, arrival};
}

}  // namespace edgenext::serving
