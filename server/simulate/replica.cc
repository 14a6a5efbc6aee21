#include "server/simulate/replica.h"

#include <algorithm>
#include <utility>

namespace edgenext::serving {
namespace {

AdmissionAsk AskOf(const Call& call) {
  return {1, call.attributes.deadline, call.attributes.task_class, call.admitted, call.attributes.client_key};
}

Call& CallOf(const std::unique_ptr<Task>& task) { return *static_cast<QueuedCall&>(*task).call; }

}  // namespace

Replica::Replica(const Options& options, const ServingPolicy* policy, const ServiceModel* service,
                 EventQueue* events, Answered answered)
    : options_(options),
      policy_(policy),
      service_(service),
      events_(events),
      answered_(std::move(answered)),
      queue_(&policy->batching()),
      workers_(static_cast<size_t>(options.workers)),
      ledger_(policy->options().admission, policy->batching().options()),
      jitter_(options.seed) {
  ledger_.SetServiceTime(service->BelievedTimePerImage());
  for (int i = options.workers; i-- > 0;) idle_.push_back(i);
}

// Admission.

void Replica::Arrive(std::unique_ptr<Call> call) {
  counts_.offered_work += service_->believed.Predict(1);
  RemoveExpired();
  if (policy_->heeds_deadlines() && call->attributes.deadline <= now()) {
    return AnswerFromNetwork(std::move(call), {Answer::Kind::kExpired, {}});
  }
  const AdmissionDecision decision = policy_->Admit(ledger_, AskOf(*call), now());
  if (decision.kind != AdmissionDecision::Kind::kAdmit) {
    Answer answer;
    const bool unreachable = decision.kind == AdmissionDecision::Kind::kDeadlineUnreachable;
    answer.kind = unreachable ? Answer::Kind::kUnreachable : Answer::Kind::kOverloaded;
    answer.push_back = policy_->PushBack(decision, call->attributes.deadline, now(), jitter_.Uniform());
    return AnswerFromNetwork(std::move(call), answer);
  }
  call->admitted = now();
  ledger_.Add(AskOf(*call), 1);
  events_->At(UseNetwork(service_->overhead / 2), [this, call = std::move(call)]() mutable {
    const TaskAttributes attributes = policy_->AttributesInQueue(call->attributes);
    queue_.Add(std::make_unique<QueuedCall>(attributes, std::move(call)), now());
    Dispatch();
  });
}

void Replica::RemoveExpired() {
  for (const std::unique_ptr<Task>& task : queue_.TakeExpired(now())) Expire(*task);
}

void Replica::Expire(Task& task) {
  std::unique_ptr<Call> call = std::move(static_cast<QueuedCall&>(task).call);
  ledger_.Remove(AskOf(*call), 1);
  answered_(std::move(call), {Answer::Kind::kExpired, {}});
}

void Replica::AnswerFromNetwork(std::unique_ptr<Call> call, const Answer& answer) {
  events_->At(UseNetwork(service_->refusal_cost),
              [this, answer, call = std::move(call)]() mutable { answered_(std::move(call), answer); });
}

MonotonicTime Replica::UseNetwork(absl::Duration cpu) {
  if (cpu == absl::ZeroDuration()) return now();
  const size_t core = idle_.empty() ? next_core_++ % workers_.size() : static_cast<size_t>(idle_.back());
  Worker& worker = workers_[core];
  if (worker.phase != Phase::kIdle) worker.held_up += cpu;
  worker.network_until = std::max(now(), worker.network_until) + cpu;
  return worker.network_until;
}

// Workers.

QueueSnapshot Replica::Snapshot() const {
  QueueSnapshot snapshot = queue_.Snapshot();
  snapshot.idle_workers = static_cast<int>(idle_.size());
  snapshot.cost = &service_->believed;
  return snapshot;
}

void Replica::Dispatch() {
  RemoveExpired();
  while (!idle_.empty()) {
    const BatchDecision decision = policy_->batching().Decide(Snapshot(), now());
    if (decision.kind != BatchDecision::Kind::kTake) return WakeAt(decision.wake_at);
    ++counts_.batches;
    counts_.images += decision.count;
    const int index = TakeIdle();
    workers_[static_cast<size_t>(index)].batch = queue_.TakeNext(decision.count, now());
    NextImage(index);
  }
}

void Replica::WakeAt(MonotonicTime time) {
  if (time == MonotonicTime::InfiniteFuture() || time >= wake_at_) return;
  wake_at_ = time;
  events_->At(time, [this, time] {
    if (wake_at_ == time) wake_at_ = MonotonicTime::InfiniteFuture();
    Dispatch();
  });
}

int Replica::TakeIdle() {
  const int index = idle_.back();
  idle_.pop_back();
  Worker& worker = workers_[static_cast<size_t>(index)];
  worker.busy_since = now();
  worker.held_up = std::max(worker.network_until - now(), absl::ZeroDuration());
  return index;
}

void Replica::BecomeIdle(int index) {
  Worker& worker = workers_[static_cast<size_t>(index)];
  worker.phase = Phase::kIdle;
  const MonotonicTime until = std::min(now(), options_.measured_until);
  counts_.busy += std::max(until - worker.busy_since, absl::ZeroDuration());
  idle_.push_back(index);
}

void Replica::NextImage(int index) {
  Worker& worker = workers_[static_cast<size_t>(index)];
  while (worker.next < worker.batch.size()) {
    if (!Begins(worker)) continue;
    worker.image_since = now();
    return BeginPhase(index, Phase::kDecode,
                      service_->decode * CallOf(worker.batch[worker.next]).arrival.work);
  }
  worker.batch.clear();
  worker.next = 0;
  worker.executed = 0;
  BecomeIdle(index);
  Dispatch();
}

bool Replica::Begins(Worker& worker) {
  Task& task = *worker.batch[worker.next];
  const TaskClass task_class = task.attributes().task_class;
  if (IsLate(task) ||
      (policy_->heeds_deadlines() && ledger_.IsOutOfReach(task.attributes().deadline, now()))) {
    Expire(task);
    ++worker.next;
    return false;
  }
  if (task_class == TaskClass::kBulk && policy_->batching().GivesWay(Snapshot(), task.scheduled_at, now())) {
    for (; worker.next < worker.batch.size(); worker.batch.pop_back())
      queue_.PutBack(std::move(worker.batch.back()));
    return false;
  }
  queue_.CountBegun(task_class);
  ledger_.Take(AskOf(CallOf(worker.batch[worker.next])), 1);
  return true;
}

void Replica::BeginPhase(int index, Phase phase, absl::Duration time) {
  workers_[static_cast<size_t>(index)].phase = phase;
  events_->At(now() + time, [this, index] { EndPhase(index); });
}

void Replica::EndPhase(int index) {
  Worker& worker = workers_[static_cast<size_t>(index)];
  if (worker.held_up > absl::ZeroDuration()) {
    return BeginPhase(index, worker.phase, std::exchange(worker.held_up, absl::ZeroDuration()));
  }
  if (worker.phase == Phase::kHelp) {
    BecomeIdle(index);
    return Dispatch();
  }
  const bool late = IsLate(*worker.batch[worker.next]);
  if (worker.phase == Phase::kDecode && !late) return BeginExecution(index);
  if (worker.phase == Phase::kExecute) ++worker.executed;
  // As the server does, not for an image that was given up after its decoding.
  if (worker.phase == Phase::kExecute) ledger_.ObserveServiceTime(now() - worker.image_since, now());
  EndImage(index, late ? Answer::Kind::kExpired : Answer::Kind::kResult);
  ++worker.next;
  NextImage(index);
}

void Replica::BeginExecution(int index) {
  Worker& worker = workers_[static_cast<size_t>(index)];
  const Call& call = CallOf(worker.batch[worker.next]);
  // Executions of one batch cost what T says of so many together.
  absl::Duration time =
      (service_->execution.Predict(worker.executed + 1) - service_->execution.Predict(worker.executed)) *
      call.arrival.work;
  if (call.attributes.task_class == TaskClass::kInteractive && queue_.size() == 0) {
    const int helpers = std::min(options_.latency_threads - 1, static_cast<int>(idle_.size()));
    if (helpers > 0) time /= (helpers + 1) * options_.sharing_efficiency;
    for (int i = 0; i < helpers; ++i) BeginPhase(TakeIdle(), Phase::kHelp, time);
  }
  BeginPhase(index, Phase::kExecute, time + service_->overhead / 2);
}

void Replica::EndImage(int index, Answer::Kind kind) {
  Worker& worker = workers_[static_cast<size_t>(index)];
  std::unique_ptr<Call> call = std::move(static_cast<QueuedCall&>(*worker.batch[worker.next]).call);
  call->worked += now() - worker.image_since;
  ledger_.Finish(1);
  answered_(std::move(call), {kind, {}});
}

bool Replica::IsLate(const Task& task) const {
  if (task.attributes().deadline <= now()) return true;
  return policy_->heeds_deadlines() && static_cast<const QueuedCall&>(task).call->cancelled_at <= now();
}

}  // namespace edgenext::serving
