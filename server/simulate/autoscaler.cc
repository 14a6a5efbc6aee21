#include "server/simulate/autoscaler.h"

#include <algorithm>
#include <cmath>

namespace edgenext::serving {

int Autoscaler::Formula(int current, double metric) const {
  const double ratio = metric / options_.target;
  const double wanted = std::abs(ratio - 1) <= options_.tolerance ? current : std::ceil(current * ratio);
  return static_cast<int>(
      std::clamp(wanted, static_cast<double>(options_.least), static_cast<double>(options_.most)));
}

int Autoscaler::Decide(MonotonicTime now, int current, double metric) {
  // As the real one does when it starts, so that it does not scale down before it has seen the whole time.
  if (wanted_.empty()) wanted_.push_back({now, current});
  const int wanted = Formula(current, metric);
  wanted_.push_back({now, wanted});
  while (now - wanted_.front().at > options_.stabilisation) wanted_.pop_front();
  while (!removed_.empty() && now - removed_.front().at >= absl::Minutes(1)) removed_.pop_front();

  if (wanted > current) return std::min(wanted, std::max(current + options_.most_added, 2 * current));
  int largest = wanted;
  for (const Said& said : wanted_) largest = std::max(largest, said.replicas);
  int removed_lately = 0;
  for (const Said& said : removed_) removed_lately += said.replicas;
  const int floor = current + removed_lately - options_.most_removed_a_minute;
  const int next = std::min(current, std::max(largest, floor));
  if (next < current) removed_.push_back({now, current - next});
  return next;
}

}  // namespace edgenext::serving
