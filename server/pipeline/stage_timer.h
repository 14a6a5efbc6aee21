#ifndef SERVER_PIPELINE_STAGE_TIMER_H_
#define SERVER_PIPELINE_STAGE_TIMER_H_

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/metrics/metrics.h"

namespace edgenext::serving {

// Measures stages that follow each other. Confined to one thread.
class StageTimer {
 public:
  StageTimer(Metrics* metrics, const Clock* clock) : metrics_(metrics), clock_(clock), began_(clock->Now()) {}

  // Ends `stage`, tells the metrics how long it took, and begins the next one. Returns that duration.
  absl::Duration End(Stage stage) {
    const MonotonicTime now = clock_->Now();
    const absl::Duration duration = now - began_;
    began_ = now;
    metrics_->ObserveStage(stage, duration);
    return duration;
  }

 private:
  Metrics* const metrics_;
  const Clock* const clock_;
  MonotonicTime began_;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_STAGE_TIMER_H_
