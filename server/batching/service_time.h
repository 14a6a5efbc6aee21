#ifndef SERVER_BATCHING_SERVICE_TIME_H_
#define SERVER_BATCHING_SERVICE_TIME_H_

#include "absl/time/time.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// How long one worker spends on an image, to its answer, from the end of the one before, or from taking it if
// the worker had nothing to do: an exponential moving average over about 50 images, whatever their kinds,
// since a queue of some length is a mix of them too. One image that took very long counts as three times the
// average, so that it moves it by 4 %; if all images take longer the average still doubles with every 18 of
// them. After a second without images a shorter one counts for more: where the average was too long for the
// clients' deadlines few images are admitted to correct it. Thread-compatible.
class ServiceTime {
 public:
  // The first guess.
  void Set(absl::Duration time) { average_ = time; }
  void Observe(absl::Duration time, MonotonicTime now);

  absl::Duration average() const { return average_; }
  // Whether no image has been observed within the last second.
  bool IsStale(MonotonicTime now) const;

 private:
  absl::Duration average_;
  MonotonicTime last_observed_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_SERVICE_TIME_H_
