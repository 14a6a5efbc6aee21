#include "server/simulate/serving_policy.h"

namespace edgenext::serving {
namespace {

BatchPolicy::Options BatchingOf(const ServingPolicy::Options& options) {
  BatchPolicy::Options batching = options.batching;
  if (options.kind == ServingPolicy::Kind::kFixedDelay) batching.batch_timeout = options.fixed_delay;
  if (options.kind == ServingPolicy::Kind::kFifo) batching.batch_timeout = absl::ZeroDuration();
  return batching;
}

}  // namespace

ServingPolicy::ServingPolicy(const Options& options) : options_(options), batching_(BatchingOf(options)) {}

AdmissionDecision ServingPolicy::Admit(AdmissionLedger& server, const AdmissionAsk& ask,
                                       MonotonicTime now) const {
  if (options_.kind == Kind::kOurs) return server.Decide(ask, now);
  AdmissionDecision decision;
  const bool bounded = options_.kind == Kind::kFixedDelay && options_.fixed_capacity > 0;
  if (bounded && server.waiting() >= options_.fixed_capacity)
    decision.kind = AdmissionDecision::Kind::kNoPlace;
  return decision;
}

absl::optional<absl::Duration> ServingPolicy::PushBack(const AdmissionDecision& refusal,
                                                       MonotonicTime deadline, MonotonicTime now,
                                                       double drawn) const {
  if (options_.kind != Kind::kOurs) return absl::nullopt;
  const absl::Duration delay = RetryDelay(refusal.drain, drawn);
  if (refusal.kind == AdmissionDecision::Kind::kDeadlineUnreachable || now + delay >= deadline) {
    return -absl::Milliseconds(1);
  }
  return delay;
}

TaskAttributes ServingPolicy::AttributesInQueue(const TaskAttributes& attributes) const {
  return options_.kind == Kind::kOurs ? attributes : TaskAttributes();
}

const char* PolicyName(ServingPolicy::Kind kind) {
  switch (kind) {
    case ServingPolicy::Kind::kOurs:
      return "ours";
    case ServingPolicy::Kind::kFixedDelay:
      return "fixed-delay";
    case ServingPolicy::Kind::kFifo:
      break;
  }
  return "fifo";
}

}  // namespace edgenext::serving
