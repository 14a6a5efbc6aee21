#include "server/batching/admission_policy.h"

#include <algorithm>
#include <cmath>

namespace edgenext::serving {
namespace {

// Whoever is refused and comes back sooner would meet the same full queue; half of it is a millisecond still,
// the unit in which clients are told.
constexpr absl::Duration kShortestDrain = absl::Milliseconds(2);

// Predictions are off by a few percent either way. Under overload every image that has a deadline waits about
// as long as that allows, so without a margin half of them would be executed for clients who have gone.
constexpr double kWaitMargin = 1.05;

}  // namespace

absl::Duration AdmissionPolicy::PredictWait(int ahead, int executing, absl::Duration time_per_image) const {
  const int more_than_workers = ahead + executing - options_.workers;
  if (more_than_workers < 0) return absl::ZeroDuration();  // a worker is free
  return time_per_image * (more_than_workers + 0.5) / options_.workers;
}

double AdmissionPolicy::Reach(absl::Duration wait, const AdmissionSnapshot& server) const {
  if (wait < absl::ZeroDuration()) return 0;
  const double in_time =
      absl::FDivDuration(wait, server.time_per_image) * options_.workers + options_.workers + 0.5;
  return std::max(std::floor(in_time) - server.executing, 0.0);
}

double AdmissionPolicy::Share(const AdmissionSnapshot& server, absl::Duration longest_wait) const {
  double places = options_.queue_capacity;
  if (server.time_per_image > absl::ZeroDuration()) {
    places = std::min(places, Reach(std::min(options_.max_queue_wait, longest_wait), server));
  }
  return std::ceil(places / server.contenders);
}

AdmissionDecision AdmissionPolicy::Decide(const AdmissionSnapshot& server, const AdmissionAsk& ask,
                                          MonotonicTime now) const {
  using Kind = AdmissionDecision::Kind;
  const absl::Duration time = server.time_per_image;
  const absl::Duration longest_wait =
      (ask.deadline - now - time) / kWaitMargin;  // for an answer at the deadline
  AdmissionDecision decision;
  decision.wait = PredictWait(server.ahead + std::max(ask.images - 1, 0), server.executing, time);
  decision.drain = std::max(time * (server.waiting + server.executing) / options_.workers, kShortestDrain);

  if (server.waiting + ask.images > options_.queue_capacity) {
    decision.kind = Kind::kNoPlace;
  } else if (decision.wait > options_.max_queue_wait) {
    decision.kind = Kind::kWaitTooLong;
  } else if (decision.wait > longest_wait) {
    decision.kind = Kind::kDeadlineUnreachable;
  } else if (server.contenders > 1 && server.held_by_client > 0 &&
             server.held_by_client + ask.images > Share(server, longest_wait)) {
    decision.kind = Kind::kNotItsShare;
  } else if (server.expires_another) {
    decision.kind = Kind::kOthersDeadline;
  }
  return decision;
}

}  // namespace edgenext::serving
