#include "server/batching/admission_ledger.h"

#include <cassert>

namespace edgenext::serving {
namespace {

constexpr absl::Duration kRetryPatience = absl::Seconds(1);

}  // namespace

AdmissionSnapshot AdmissionLedger::Snapshot(const AdmissionAsk& ask, MonotonicTime now) {
  AdmissionSnapshot server;
  server.waiting = backlog_.size();
  server.ahead = backlog_.CountAhead(ask.task_class, ask.deadline, now);
  server.executing = executing_;
  server.time_per_image = service_time_.average();
  server.contenders = clients_.CountContenders(ask.client, now);
  server.held_by_client = clients_.held(ask.client);
  const absl::Duration time = server.time_per_image;
  if (time > absl::ZeroDuration()) {
    server.expires_another = backlog_.WouldExpireAnother(
        ask.task_class, ask.deadline, ask.images, now,
        [this, time](int ahead) { return policy_.PredictWait(ahead, executing_, time) + time; },
        time / policy_.options().workers);
  }
  return server;
}

AdmissionDecision AdmissionLedger::Consider(const AdmissionAsk& ask, MonotonicTime now) {
  using Kind = AdmissionDecision::Kind;
  AdmissionDecision decision = policy_.Decide(Snapshot(ask, now), ask, now);
  const bool is_idle = backlog_.size() == 0 && executing_ == 0;
  if (decision.kind == Kind::kDeadlineUnreachable && is_idle && service_time_.IsStale(now)) {
    decision.kind = Kind::kAdmit;
  }
  return decision;
}

AdmissionDecision AdmissionLedger::Decide(const AdmissionAsk& ask, MonotonicTime now) {
  const AdmissionDecision decision = Consider(ask, now);
  const bool hopeless = ask.deadline - now < service_time_.average();  // whatever the others do
  if (decision.kind != AdmissionDecision::Kind::kAdmit && !hopeless) {
    clients_.Expect(ask.client, now + decision.drain * kLongestRetryFactor + kRetryPatience);
  }
  return decision;
}

bool AdmissionLedger::IsOutOfReach(MonotonicTime deadline, MonotonicTime now) const {
  return deadline - now < service_time_.average() && !service_time_.IsStale(now);
}

void AdmissionLedger::Add(const AdmissionAsk& ask, int images) {
  backlog_.Add(ask.task_class, ask.deadline, ask.came, images);
  clients_.Hold(ask.client, images);
}

void AdmissionLedger::Remove(const AdmissionAsk& ask, int images) {
  backlog_.Remove(ask.task_class, ask.deadline, ask.came, images);
  clients_.Release(ask.client, images);
}

void AdmissionLedger::Take(const AdmissionAsk& ask, int images) {
  Remove(ask, images);
  executing_ += images;
}

AdmissionDecision AdmissionLedger::Predict() const {
  AdmissionSnapshot server;
  server.waiting = backlog_.size();
  server.ahead = backlog_.CountAhead(TaskClass::kInteractive, MonotonicTime::InfiniteFuture(),
                                     MonotonicTime::InfiniteFuture());
  server.executing = executing_;
  server.time_per_image = service_time_.average();
  return policy_.Decide(server, AdmissionAsk(), MonotonicTime());
}

}  // namespace edgenext::serving
