#include "server/simulate/simulation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/simulate/announced_timeout.h"
#include "server/simulate/event_queue.h"
#include "server/simulate/random.h"
#include "server/simulate/recorder.h"

namespace edgenext::serving {
namespace {

MonotonicTime Since(absl::Duration start) { return MonotonicTime::FromDuration(start); }

Fleet::Options FleetOf(const SimulationOptions& options) {
  Fleet::Options fleet = options.fleet;
  fleet.end = Since(options.duration);
  fleet.replica.measured_until = fleet.end;
  fleet.replica.seed = options.seed;
  fleet.balancer.seed = options.seed;
  return fleet;
}

// The clients: they send, wait, and try again.
class Simulation {
 public:
  Simulation(const SimulationOptions& options, ArrivalSource* arrivals)
      : options_(options),
        arrivals_(arrivals),
        policy_(options.policy),
        fleet_(
            FleetOf(options), &policy_, &options_.service, &events_,
            [this](std::unique_ptr<Call> call, const Answer& answer) { Answered(std::move(call), answer); }),
        recorder_(options.clients, options.warm_up, options.duration),
        backoff_(options.seed) {}

  SimulationResult Run() {
    AwaitArrival();
    AwaitInterval(absl::ZeroDuration());
    while (events_.RunNext()) {
    }
    return Result();
  }

 private:
  absl::Duration now() const { return events_.now().since_start(); }

  void AwaitArrival() {
    const absl::optional<Arrival> arrival = arrivals_->Next();
    if (!arrival || arrival->at >= options_.duration) return;
    next_ = *arrival;
    events_.At(Since(next_.at), [this] {
      recorder_.CountArrival();
      auto call = std::make_unique<Call>();
      call->arrival = next_;
      call->deadline = Since(next_.at) + next_.timeout;
      call->cancelled_at = call->deadline + options_.service.round_trip / 2;
      call->attributes.task_class = next_.task_class;
      call->attributes.client_key = options_.clients[static_cast<size_t>(next_.client)];
      AwaitArrival();
      Send(std::move(call));
    });
  }

  void AwaitInterval(absl::Duration begin) {
    const absl::Duration end = std::min(begin + options_.interval, options_.duration);
    events_.At(Since(end), [this, begin, end] {
      recorder_.EndInterval(begin, end - begin, fleet_.inside(), fleet_.ready());
      if (end < options_.duration) AwaitInterval(end);
    });
  }

  void Send(std::unique_ptr<Call> call) {
    ++call->attempts;
    ++attempts_;
    call->attributes.deadline =
        events_.now() + options_.service.round_trip / 2 + AnnouncedTimeout(call->deadline, events_.now());
    if (options_.service.round_trip == absl::ZeroDuration()) return fleet_.Arrive(std::move(call));
    events_.At(events_.now() + options_.service.round_trip / 2,
               [this, call = std::move(call)]() mutable { fleet_.Arrive(std::move(call)); });
  }

  void Answered(std::unique_ptr<Call> call, const Answer& answer) {
    if (options_.service.round_trip == absl::ZeroDuration()) return Receive(std::move(call), answer);
    events_.At(events_.now() + options_.service.round_trip / 2,
               [this, answer, call = std::move(call)]() mutable { Receive(std::move(call), answer); });
  }

  void Receive(std::unique_ptr<Call> call, const Answer& answer) {
    const MonotonicTime deadline = call->deadline;
    if (answer.kind == Answer::Kind::kResult) {
      // The client has gone at its deadline, whatever the server did.
      if (events_.now() > deadline) return recorder_.Record(*call, Answer::Kind::kExpired, now());
      return recorder_.Record(*call, Answer::Kind::kResult, now());
    }
    if (answer.kind == Answer::Kind::kExpired) return recorder_.Record(*call, answer.kind, now());
    ++refused_attempts_;
    const absl::Duration wait = answer.push_back ? *answer.push_back : Backoff(call->attempts);
    if (call->attempts >= options_.attempts || wait < absl::ZeroDuration() ||
        events_.now() + wait >= deadline) {
      return recorder_.Record(*call, answer.kind, now());
    }
    events_.At(events_.now() + wait, [this, call = std::move(call)]() mutable { Send(std::move(call)); });
  }

  absl::Duration Backoff(int attempts) {
    return options_.backoff * (1 << std::min(attempts - 1, 20)) * backoff_.Uniform();
  }

  SimulationResult Result() const {
    SimulationResult result;
    result.policy = PolicyName(options_.policy.kind);
    result.duration = options_.duration;
    recorder_.Summarise(result);
    result.attempts = attempts_;
    result.refused_attempts = refused_attempts_;
    const Fleet::Totals totals = fleet_.totals();
    if (totals.batches > 0) {
      result.mean_batch = static_cast<double>(totals.images) / static_cast<double>(totals.batches);
    }
    if (totals.worker_time > absl::ZeroDuration()) {
      result.utilisation = absl::FDivDuration(totals.busy, totals.worker_time);
    }
    result.mean_replicas = absl::FDivDuration(totals.replica_time, options_.duration);
    return result;
  }

  const SimulationOptions options_;
  ArrivalSource* const arrivals_;
  EventQueue events_;
  const ServingPolicy policy_;
  Fleet fleet_;
  Recorder recorder_;
  Random backoff_;
  Arrival next_;
  int64_t attempts_ = 0;
  int64_t refused_attempts_ = 0;
};

}  // namespace

SimulationResult Simulate(const SimulationOptions& options, ArrivalSource& arrivals) {
  return Simulation(options, &arrivals).Run();
}

}  // namespace edgenext::serving
