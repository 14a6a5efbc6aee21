#include "client/load/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace edgenext {
namespace {

double Milliseconds(uint32_t microseconds) { return microseconds / 1000.0; }

// What multiplying a percentile such as 99.9 by a count may be off by.
constexpr double kRounding = 1e-9;

}  // namespace

Distribution::Distribution(std::vector<uint32_t> microseconds) : sorted_(std::move(microseconds)) {
  std::sort(sorted_.begin(), sorted_.end());
}

double Distribution::Percentile(double percentile) const {
  if (sorted_.empty()) return 0;
  const double rank = percentile / 100 * static_cast<double>(sorted_.size());
  const auto at_least = static_cast<size_t>(std::ceil(rank * (1 - kRounding)));
  return Milliseconds(sorted_[std::min(std::max<size_t>(at_least, 1), sorted_.size()) - 1]);
}

double Distribution::Mean() const {
  if (sorted_.empty()) return 0;
  const uint64_t sum = std::accumulate(sorted_.begin(), sorted_.end(), uint64_t{0});
  return static_cast<double>(sum) / 1000 / static_cast<double>(sorted_.size());
}

double Distribution::Max() const { return sorted_.empty() ? 0 : Milliseconds(sorted_.back()); }

}  // namespace edgenext
