#ifndef CLIENT_LOAD_FIGURES_H_
#define CLIENT_LOAD_FIGURES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/load/distribution.h"
#include "client/load/recorder.h"

namespace edgenext {

// How many requests met each fate, by its number.
using FateCounts = std::array<uint64_t, kFates>;

// The requests that were meant to be sent within a short time of the run.
struct Interval {
  double start_s = 0;  // from the start of what is counted
  FateCounts fates = {};
  Distribution ok;  // latencies of those answered OK
};

struct OutcomeCount {
  Outcome outcome;
  uint64_t count = 0;
};

// What a run measured. Only requests meant for the time after the warm-up count, wherever their answer fell.
struct Figures {
  double seconds = 0;  // that is counted
  uint64_t requests = 0;
  FateCounts fates = {};
  std::vector<OutcomeCount> outcomes;  // the most frequent first
  uint64_t attempts = 0;

  // From the intended time of sending.
  Distribution ok;
  Distribution refused;
  Distribution send_lag;
  Distribution receive_lag;
  int most_in_flight = 0;

  double interval_s = 0;
  std::vector<Interval> timeline;

  // Why the run says nothing about the server; empty if it does.
  std::vector<std::string> void_reasons;

  uint64_t count(Fate fate) const { return fates[static_cast<size_t>(fate)]; }
  uint64_t good() const { return count(Fate::kGood); }
  double per_second(uint64_t number) const { return seconds > 0 ? static_cast<double>(number) / seconds : 0; }
  double share(uint64_t number) const {
    return requests > 0 ? static_cast<double>(number) / static_cast<double>(requests) : 0;
  }
};

// What a run knows beside its samples.
struct RunFacts {
  absl::Duration warm_up;
  absl::Duration duration;  // after the warm-up
  std::vector<uint32_t> receive_lags_us;
  int most_in_flight = 0;
};

Figures Summarise(const Recorder& recorder, RunFacts facts);

// The length of the timeline's intervals: a round number, at least 100 ms, of which at most 120 make
// `duration`.
absl::Duration IntervalFor(absl::Duration duration);

}  // namespace edgenext

#endif  // CLIENT_LOAD_FIGURES_H_
