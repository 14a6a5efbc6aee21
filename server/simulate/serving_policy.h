#ifndef SERVER_SIMULATE_SERVING_POLICY_H_
#define SERVER_SIMULATE_SERVING_POLICY_H_

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "server/batching/admission_ledger.h"
#include "server/batching/admission_policy.h"
#include "server/batching/batch_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// The rules by which a simulated server works. `kOurs` asks the very objects that the real server asks,
// configured alike; the others exist for comparison, in the simulator only. Immutable.
class ServingPolicy {
 public:
  enum class Kind {
    kOurs,
    // A static batcher: first come, first served, the oldest waits `fixed_delay` for a full batch even where
    // a worker is free; deadlines are looked at by nobody but the clients.
    kFixedDelay,
    // First come, first served, nothing refused, no deadline looked at; batches as ours.
    kFifo,
  };

  struct Options {
    Kind kind = Kind::kOurs;
    BatchPolicy::Options batching;
    AdmissionPolicy::Options admission;
    // Of the fixed delay's alone.
    absl::Duration fixed_delay = absl::Milliseconds(5);
    int fixed_capacity = 0;  // calls that may wait; 0 is any number
  };

  explicit ServingPolicy(const Options& options);

  // `server` is the replica's own. Not const, as it remembers whom it refused.
  AdmissionDecision Admit(AdmissionLedger& server, const AdmissionAsk& ask, MonotonicTime now) const;
  // What a refused client is told of when to try again; `drawn` from (0, 1) spreads clients out.
  absl::optional<absl::Duration> PushBack(const AdmissionDecision& refusal, MonotonicTime deadline,
                                          MonotonicTime now, double drawn) const;
  // What the queue sees of a task. For those who come first and are served first that is nothing.
  TaskAttributes AttributesInQueue(const TaskAttributes& attributes) const;
  const BatchPolicy& batching() const { return batching_; }

  // Whether the server ends what can no longer be in time.
  bool heeds_deadlines() const { return options_.kind == Kind::kOurs; }
  const Options& options() const { return options_; }

 private:
  const Options options_;
  const BatchPolicy batching_;
};

// "ours", "fixed-delay", "fifo".
const char* PolicyName(ServingPolicy::Kind kind);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_SERVING_POLICY_H_
