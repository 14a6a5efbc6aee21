#include "server/simulate/recorder.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace edgenext::serving {
namespace {

void Count(Outcomes& outcomes, Answer::Kind how) {
  ++outcomes.requests;
  switch (how) {
    case Answer::Kind::kResult:
      ++outcomes.good;
      break;
    case Answer::Kind::kExpired:
      ++outcomes.expired;
      break;
    case Answer::Kind::kOverloaded:
      ++outcomes.overloaded;
      break;
    case Answer::Kind::kUnreachable:
      ++outcomes.unreachable;
      break;
  }
}

void Add(Outcomes& sum, const Outcomes& more) {
  sum.requests += more.requests;
  sum.good += more.good;
  sum.expired += more.expired;
  sum.overloaded += more.overloaded;
  sum.unreachable += more.unreachable;
}

// The smallest value that at least `share` of the sorted values do not exceed.
absl::Duration Quantile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return absl::ZeroDuration();
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return absl::Seconds(sorted[std::min(std::max(rank, size_t{1}), sorted.size()) - 1]);
}

Latencies Summary(std::vector<float> seconds) {
  Latencies latencies;
  if (seconds.empty()) return latencies;
  std::sort(seconds.begin(), seconds.end());
  latencies.mean = absl::Seconds(std::accumulate(seconds.begin(), seconds.end(), 0.0) /
                                 static_cast<double>(seconds.size()));
  latencies.p50 = Quantile(seconds, 0.5);
  latencies.p90 = Quantile(seconds, 0.9);
  latencies.p99 = Quantile(seconds, 0.99);
  latencies.max = Quantile(seconds, 1);
  return latencies;
}

}  // namespace

void Recorder::Record(const Call& call, Answer::Kind how, absl::Duration at) {
  const auto seconds = static_cast<float>(absl::ToDoubleSeconds(at - call.arrival.at));
  const bool good = how == Answer::Kind::kResult;
  Count(now_.outcomes, how);
  if (good) now_.seconds.push_back(seconds);
  if (call.arrival.at < warm_up_) return;
  Tally& tally = tallies_[{call.arrival.client, call.arrival.task_class == TaskClass::kBulk}];
  Count(tally.outcomes, how);
  if (good) tally.seconds.push_back(seconds);
  if (good && at <= duration_) ++good_until_end_;
  worked_ += call.worked;
  if (!good) wasted_ += call.worked;
}

void Recorder::EndInterval(absl::Duration begin, absl::Duration length, int inside, int replicas) {
  const auto per_second = [length](int64_t count) {
    return static_cast<double>(count) / absl::ToDoubleSeconds(length);
  };
  Interval interval;
  interval.begin = begin;
  interval.arrivals_per_second = per_second(now_.arrivals);
  interval.good_per_second = per_second(now_.outcomes.good);
  interval.refused_per_second = per_second(now_.outcomes.refused());
  interval.expired_per_second = per_second(now_.outcomes.expired);
  std::sort(now_.seconds.begin(), now_.seconds.end());
  interval.p99 = Quantile(now_.seconds, 0.99);
  interval.inside = inside;
  interval.replicas = replicas;
  timeline_.push_back(interval);
  now_ = Current();
}

void Recorder::Summarise(SimulationResult& result) const {
  std::vector<float> all;
  for (const auto& [key, tally] : tallies_) {
    Add(result.outcomes, tally.outcomes);
    all.insert(all.end(), tally.seconds.begin(), tally.seconds.end());
    if (tallies_.size() == 1) continue;
    result.groups.push_back(
        {clients_[static_cast<size_t>(key.first)], key.second, tally.outcomes, Summary(tally.seconds)});
  }
  result.latencies = Summary(std::move(all));
  result.timeline = timeline_;
  if (worked_ > absl::ZeroDuration()) result.wasted = absl::FDivDuration(wasted_, worked_);
  result.measured = duration_ - warm_up_;
  result.goodput = static_cast<double>(good_until_end_) / absl::ToDoubleSeconds(result.measured);
}

}  // namespace edgenext::serving
