#include "server/batching/service_time.h"

#include <algorithm>

namespace edgenext::serving {
namespace {

constexpr int kAveragedImages = 50;
constexpr int kAveragedImagesWhenStale = 4;
constexpr int kMostTimesTheAverage = 3;
constexpr absl::Duration kFresh = absl::Seconds(1);

}  // namespace

void ServiceTime::Observe(absl::Duration time, MonotonicTime now) {
  const bool corrects = IsStale(now) && time < average_;
  last_observed_ = now;
  if (average_ == absl::ZeroDuration()) {
    average_ = time;
    return;
  }
  const absl::Duration robust = std::min(time, average_ * kMostTimesTheAverage);
  average_ += (robust - average_) / (corrects ? kAveragedImagesWhenStale : kAveragedImages);
}

bool ServiceTime::IsStale(MonotonicTime now) const { return now - last_observed_ > kFresh; }

}  // namespace edgenext::serving
