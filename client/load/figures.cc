#include "client/load/figures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/load/load_limits.h"

namespace edgenext {
namespace {

constexpr int kMostIntervals = 120;

std::vector<std::string> VoidReasons(const Figures& figures) {
  std::vector<std::string> reasons;
  const double send_lag = figures.send_lag.Percentile(99);
  if (send_lag > absl::ToDoubleMilliseconds(kMostSendLag)) {
    reasons.push_back(absl::StrFormat("a request in a hundred was sent %.1f ms late or more, over %.0f ms",
                                      send_lag, absl::ToDoubleMilliseconds(kMostSendLag)));
  }
  const double receive_lag = figures.receive_lag.Percentile(99);
  if (receive_lag > absl::ToDoubleMilliseconds(kMostReceiveLag)) {
    reasons.push_back(
        absl::StrFormat("an answer in a hundred may have lain unread for %.1f ms or more, over %.0f ms",
                        receive_lag, absl::ToDoubleMilliseconds(kMostReceiveLag)));
  }
  if (const uint64_t not_sent = figures.count(Fate::kNotSent); not_sent > 0) {
    reasons.push_back(
        absl::StrFormat("%d requests were not sent, because %d were under way", not_sent, kMostInFlight));
  }
  if (figures.requests == 0) reasons.push_back("no request was sent in the time that is counted");
  return reasons;
}

void SortOutcomes(std::vector<OutcomeCount>& outcomes) {
  outcomes.erase(std::remove_if(outcomes.begin(), outcomes.end(),
                                [](const OutcomeCount& entry) { return entry.count == 0; }),
                 outcomes.end());
  std::stable_sort(outcomes.begin(), outcomes.end(),
                   [](const OutcomeCount& a, const OutcomeCount& b) { return a.count > b.count; });
}

}  // namespace

absl::Duration IntervalFor(absl::Duration duration) {
  absl::Duration decade = absl::Milliseconds(100);
  while (true) {
    for (const int factor : {1, 2, 5}) {
      if (decade * factor * kMostIntervals >= duration) return decade * factor;
    }
    decade *= 10;
  }
}

Figures Summarise(const Recorder& recorder, RunFacts facts) {
  Figures figures;
  figures.seconds = absl::ToDoubleSeconds(facts.duration);
  figures.most_in_flight = facts.most_in_flight;
  figures.receive_lag = Distribution(std::move(facts.receive_lags_us));
  for (const Outcome& outcome : recorder.outcomes()) figures.outcomes.push_back({outcome, 0});

  const uint32_t begin = SampleTime(facts.warm_up);
  const uint32_t end = SampleTime(facts.warm_up + facts.duration);
  const absl::Duration interval = IntervalFor(facts.duration);
  const uint32_t interval_us = SampleTime(interval);
  figures.interval_s = absl::ToDoubleSeconds(interval);
  const size_t intervals = (end - begin + interval_us - 1) / interval_us;
  figures.timeline.resize(intervals);
  std::vector<std::vector<uint32_t>> ok_of(intervals);
  std::vector<uint32_t> ok;
  std::vector<uint32_t> refused;
  std::vector<uint32_t> send_lag;
  for (const Sample& sample : recorder.samples()) {
    if (sample.intended < begin || sample.intended >= end) continue;
    const auto fate = static_cast<size_t>(sample.fate);
    const size_t at = (sample.intended - begin) / interval_us;
    ++figures.requests;
    ++figures.fates[fate];
    ++figures.timeline[at].fates[fate];
    ++figures.outcomes[sample.outcome].count;
    figures.attempts += sample.attempts;
    if (sample.fate == Fate::kNotSent) continue;
    send_lag.push_back(sample.send_lag);
    if (sample.fate == Fate::kRefused) refused.push_back(sample.latency);
    if (sample.fate != Fate::kGood && sample.fate != Fate::kLate) continue;
    ok.push_back(sample.latency);
    ok_of[at].push_back(sample.latency);
  }
  for (size_t i = 0; i < intervals; ++i) {
    figures.timeline[i].start_s = static_cast<double>(i) * figures.interval_s;
    figures.timeline[i].ok = Distribution(std::move(ok_of[i]));
  }
  figures.ok = Distribution(std::move(ok));
  figures.refused = Distribution(std::move(refused));
  figures.send_lag = Distribution(std::move(send_lag));
  SortOutcomes(figures.outcomes);
  figures.void_reasons = VoidReasons(figures);
  return figures;
}

}  // namespace edgenext
