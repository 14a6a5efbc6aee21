#ifndef SERVER_BATCHING_ADMISSION_LEDGER_H_
#define SERVER_BATCHING_ADMISSION_LEDGER_H_

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/admission_policy.h"
#include "server/batching/backlog.h"
#include "server/batching/batch_policy.h"
#include "server/batching/fair_share.h"
#include "server/batching/service_time.h"

namespace edgenext::serving {

// Which images were admitted and have not ended, and what AdmissionPolicy makes of it for the next request.
// An image is first waiting, then executing, then gone:
//
//   Add ──► waiting ──► Take ──► executing ──► Finish
//              └──► Remove
//
// It has no lock and no clock, so that a simulator can use it as the server does. Thread-compatible.
class AdmissionLedger {
 public:
  // `order`: in which the images will run.
  explicit AdmissionLedger(const AdmissionPolicy::Options& options,
                           const BatchPolicy::Options& order = BatchPolicy::Options())
      : policy_(options), backlog_(order) {}

  // Decides on a request that comes now. The client of one that is refused is expected back, and meanwhile
  // gets its part of the places, for as long as the refusal may tell it to stay away and a second more.
  //
  // Where nothing is under way and no image has been timed for a second, a deadline that looks out of reach
  // is given its chance: or else a time that was measured in a bad moment would never be corrected.
  AdmissionDecision Decide(const AdmissionAsk& ask, MonotonicTime now);
  // The same of one that waits for its places (BeginWait), to which "no" is no refusal: nobody is expected
  // back.
  AdmissionDecision Consider(const AdmissionAsk& ask, MonotonicTime now);

  // Whether an image that a worker begins with now is answered after `deadline`, as far as is known: not from
  // a time that is a second old.
  bool IsOutOfReach(MonotonicTime deadline, MonotonicTime now) const;

  // These are for the images of `ask`, or some of them: its class, client and times are those they were added
  // with.
  void Add(const AdmissionAsk& ask, int images);
  void Remove(const AdmissionAsk& ask, int images);
  void Take(const AdmissionAsk& ask, int images);
  void Finish(int images) { executing_ -= images; }

  // A request waits for its places, or no longer: its client wants its part of them.
  void BeginWait(const AdmissionAsk& ask) { clients_.BeginWait(ask.client); }
  void EndWait(const AdmissionAsk& ask) { clients_.EndWait(ask.client); }

  // One worker's time for an image: a guess, and each that was run.
  void SetServiceTime(absl::Duration time) { service_time_.Set(time); }
  void ObserveServiceTime(absl::Duration time, MonotonicTime now) { service_time_.Observe(time, now); }
  absl::Duration service_time() const { return service_time_.average(); }

  int waiting() const { return backlog_.size(); }
  int executing() const { return executing_; }
  // How long an interactive image without a deadline would wait, and when all that was admitted is done.
  AdmissionDecision Predict() const;

 private:
  AdmissionSnapshot Snapshot(const AdmissionAsk& ask, MonotonicTime now);

  const AdmissionPolicy policy_;
  Backlog backlog_;
  FairShare clients_;
  ServiceTime service_time_;
  int executing_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_ADMISSION_LEDGER_H_
