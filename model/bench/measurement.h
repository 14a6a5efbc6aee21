#ifndef MODEL_BENCH_MEASUREMENT_H_
#define MODEL_BENCH_MEASUREMENT_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "model/edgenext/network.h"

namespace edgenext {

struct MeasurementOptions {
  int batch = 1;            // images in one execution
  int threads = 1;          // executors that run at the same time, each on its own thread
  int latency_threads = 1;  // of each executor: they share one image
  absl::Duration time = absl::Seconds(3);
};

struct Measurement {
  MonotonicTime ready;  // when every executor had been made and had run once
  // Of one execution divided by its images, over all executions of all threads.
  absl::Duration per_image_min;
  absl::Duration per_image_median;
};

// Runs executors of `network` over 8-bit noise until `time` has passed, after one execution each that is not
// counted. What Network::MakeExecutor and Executor::Execute refuse.
absl::StatusOr<Measurement> Measure(const Network& network, const MeasurementOptions& options);

}  // namespace edgenext

#endif  // MODEL_BENCH_MEASUREMENT_H_
