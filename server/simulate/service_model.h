#ifndef SERVER_SIMULATE_SERVICE_MODEL_H_
#define SERVER_SIMULATE_SERVICE_MODEL_H_

#include "absl/time/time.h"
#include "server/batching/cost_table.h"

namespace edgenext::serving {

// What requests cost on one core. A value type.
struct ServiceModel {
  CostTable execution = CostTable::Constant(absl::Milliseconds(5));  // T(b), as it is
  CostTable believed = execution;                                    // T(b), as policies are told
  absl::Duration decode = absl::ZeroDuration();    // decode and preprocess, before an image's execution
  absl::Duration overhead = absl::ZeroDuration();  // CPU of a request around that: half before, half after
  absl::Duration refusal_cost = absl::ZeroDuration();  // CPU of a refusal
  absl::Duration round_trip = absl::ZeroDuration();    // of the network: no CPU, but clients wait for it

  // From taking an image to its answer, on one worker, as policies are told.
  absl::Duration BelievedTimePerImage() const { return decode + believed.Predict(1) + overhead / 2; }

  // Requests that one worker finishes in a second at most, in batches as large as pay.
  double Capacity(int max_batch_size) const;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_SERVICE_MODEL_H_
