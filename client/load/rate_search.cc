#include "client/load/rate_search.h"

#include <algorithm>

namespace edgenext {

RateSearch::RateSearch(double first, double highest) : first_(std::min(first, highest)), highest_(highest) {}

absl::optional<double> RateSearch::Next() const {
  if (trials_ >= kMostTrials) return absl::nullopt;
  if (!passed_.has_value() && !failed_.has_value()) return first_;
  if (!failed_.has_value()) {
    if (*passed_ >= highest_) return absl::nullopt;
    return std::min(2 * *passed_, highest_);
  }
  if (!passed_.has_value()) {
    if (*failed_ / 2 < kLowest) return absl::nullopt;
    return *failed_ / 2;
  }
  if (*failed_ <= *passed_ * (1 + kPrecision)) return absl::nullopt;
  return (*passed_ + *failed_) / 2;
}

void RateSearch::Report(bool passed) {
  const absl::optional<double> rate = Next();
  if (!rate.has_value()) return;
  ++trials_;
  (passed ? passed_ : failed_) = rate;
}

}  // namespace edgenext
