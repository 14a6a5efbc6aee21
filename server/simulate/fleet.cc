#include "server/simulate/fleet.h"

#include <algorithm>

namespace edgenext::serving {

Fleet::Fleet(const Options& options, const ServingPolicy* policy, const ServiceModel* service,
             EventQueue* events, Replica::Answered answered)
    : options_(options),
      policy_(policy),
      service_(service),
      events_(events),
      answered_(std::move(answered)),
      balancer_(options.balancer) {
  for (int i = 0; i < options.replicas; ++i) Add(State::kReady);
  TellBalancer();
  if (!options.autoscaler) return;
  autoscaler_.emplace(*options.autoscaler);
  offered_work_.emplace_back(events_->now(), absl::ZeroDuration());
  events_->At(events_->now() + autoscaler_->options().period, [this] { Scale(); });
}

void Fleet::Arrive(std::unique_ptr<Call> call) {
  members_[static_cast<size_t>(balancer_.Pick(events_->now()))].replica->Arrive(std::move(call));
}

int Fleet::inside() const {
  int inside = 0;
  for (const Member& member : members_) inside += member.replica->inside();
  return inside;
}

Fleet::Totals Fleet::totals() const {
  Totals totals;
  for (const Member& member : members_) {
    const Replica::Counts& counts = member.replica->counts();
    totals.batches += counts.batches;
    totals.images += counts.images;
    totals.busy += counts.busy;
    if (member.state == State::kStarting) continue;
    const absl::Duration lived = std::min(member.removed_at, options_.end) - member.ready_at;
    totals.replica_time += std::max(lived, absl::ZeroDuration());
  }
  totals.worker_time = totals.replica_time * options_.replica.workers;
  return totals;
}

void Fleet::Add(State state) {
  Replica::Options replica = options_.replica;
  replica.seed += members_.size();
  Member& member = members_.emplace_back();
  member.replica = std::make_unique<Replica>(replica, policy_, service_, events_, answered_);
  member.state = state;
  member.ready_at = events_->now();
  ++wanted_;
  if (state == State::kReady) ++ready_;
}

void Fleet::MakeReady(size_t index) {
  Member& member = members_[index];
  if (member.state != State::kStarting) return;
  member.state = State::kReady;
  member.ready_at = events_->now();
  ++ready_;
  TellBalancer();
}

void Fleet::RemoveOne() {
  // Those that are not ready go first, then the youngest.
  const auto is_starting = [](const Member& member) { return member.state == State::kStarting; };
  const auto is_ready = [](const Member& member) { return member.state == State::kReady; };
  auto member = std::find_if(members_.rbegin(), members_.rend(), is_starting);
  if (member == members_.rend()) {
    member = std::find_if(members_.rbegin(), members_.rend(), is_ready);
    --ready_;
    member->removed_at = events_->now();
  } else {
    member->ready_at = member->removed_at = events_->now();
  }
  member->state = State::kRemoved;
  --wanted_;
}

void Fleet::TellBalancer() {
  std::vector<int> ready;
  for (size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].state == State::kReady) ready.push_back(static_cast<int>(i));
  }
  balancer_.SetReplicas(std::move(ready));
}

void Fleet::Scale() {
  const int next = autoscaler_->Decide(events_->now(), wanted_, OfferedWorkPerCore());
  while (wanted_ < next) {
    Add(State::kStarting);
    events_->At(events_->now() + options_.startup, [this, index = members_.size() - 1] { MakeReady(index); });
  }
  while (wanted_ > next) RemoveOne();
  TellBalancer();
  const MonotonicTime again = events_->now() + autoscaler_->options().period;
  if (again < options_.end) events_->At(again, [this] { Scale(); });
}

double Fleet::OfferedWorkPerCore() {
  absl::Duration work;
  for (const Member& member : members_) work += member.replica->counts().offered_work;
  offered_work_.emplace_back(events_->now(), work);
  while (offered_work_.size() > 2 && events_->now() - offered_work_[1].first >= options_.rate_window) {
    offered_work_.pop_front();
  }
  const auto& [since, work_then] = offered_work_.front();
  return absl::FDivDuration(work - work_then, events_->now() - since) / (wanted_ * options_.replica.workers);
}

}  // namespace edgenext::serving
