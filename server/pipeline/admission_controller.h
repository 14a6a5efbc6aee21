#ifndef SERVER_PIPELINE_ADMISSION_CONTROLLER_H_
#define SERVER_PIPELINE_ADMISSION_CONTROLLER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/admission_ledger.h"
#include "server/batching/place_line.h"
#include "server/pipeline/admission.h"

namespace edgenext::serving {

struct AdmissionLimits {
  int workers = 1;                              // that take images
  int queue_capacity = 256;                     // images waiting, from admission until a worker takes them
  size_t max_inflight_bytes = size_t{1} << 30;  // encoded bytes, from admission until the answer
  absl::Duration max_queue_wait = absl::Seconds(10);  // predicted
  int max_open_calls = 1024;                          // calls that have arrived and not ended
};

// The bounded budget of open calls, places and bytes. What AdmissionLedger decides, with a lock, the clock,
// the lines of those who wait, and words for the refusals. Never blocks a caller. Thread-safe.
class AdmissionController {
 public:
  // Told of every request that is refused, with the images it had. Must not call back.
  using RefusalObserver = std::function<void(int images)>;
  using Admitted = std::function<void(absl::StatusOr<Admission>)>;
  using WaitId = uint64_t;

  // `random`, from [0, 1), spreads the retry delays; null: a generator of its own. Called under a lock.
  AdmissionController(const AdmissionLimits& limits, Clock* clock, RefusalObserver on_refusal = nullptr,
                      std::function<double()> random = nullptr);
  // All Admissions are gone; waiters are answered as by Close.
  ~AdmissionController();
  AdmissionController(const AdmissionController&) = delete;
  AdmissionController& operator=(const AdmissionController&) = delete;

  // One worker's time for an image: a guess until images were run, and each image that was.
  void SetServiceTime(absl::Duration time);
  void ObserveServiceTime(absl::Duration time);
  // AdmissionLedger::IsOutOfReach.
  bool IsOutOfReach(MonotonicTime deadline) const;

  // A call has arrived: RESOURCE_EXHAUSTED (OVERLOADED) if as many are open as may be. Else CloseCall
  // follows.
  absl::Status OpenCall();
  void CloseCall();

  // Decides on the places at once: UNAVAILABLE (DRAINING) after Close; INVALID_ARGUMENT for more than the
  // whole budget; DEADLINE_EXCEEDED (DEADLINE) if the deadline has passed; RESOURCE_EXHAUSTED with a retry
  // delay (OVERLOADED), or without one (DEADLINE_UNREACHABLE), as AdmissionPolicy decides. The bytes are held
  // too if there is room for all of them and nobody waits for some; if not, bytes() is 0: AwaitBytes.
  absl::StatusOr<Admission> Admit(const AdmissionRequest& request);

  // These wait for room, for as long as it takes. `admitted` is called once, with no
  // lock held, at once or later from a thread that frees room: with what `admission` has become, or with
  // UNAVAILABLE (DRAINING) after Close if it is bytes that are wanted, DEADLINE_EXCEEDED if the deadline has
  // passed when its turn comes, or what EndWait says; the Admission is then given back. The id is for
  // EndWait. `admission` comes from Admit.
  //
  // Bytes, of which `admission` holds none: first come, first served.
  WaitId AwaitBytes(Admission admission, size_t bytes, Admitted admitted);
  // Places for `request`, of which `admission` holds at least the bytes and no place, in the order of
  // PlaceLine. A deadline that cannot be met is no reason for a refusal here.
  WaitId AwaitPlaces(Admission admission, const AdmissionRequest& request, Admitted admitted);
  // Ends a wait with `why`. Does nothing if it has ended.
  void EndWait(WaitId id, const absl::Status& why);

  // For who holds bytes that it could do without: calls `give_back` once, with no lock held, when somebody
  // waits for bytes in vain, those who offered first first. Withdraw returns false if it has been called, or
  // is about to be.
  using OfferId = uint64_t;
  OfferId OfferBytes(std::function<void()> give_back);
  bool Withdraw(OfferId id);

  // When whoever is refused now may try again: the predicted time in which the queue drains, spread.
  absl::Duration RetryDelay();

  // Refuses everything from now on; who waits for bytes is answered with UNAVAILABLE (DRAINING). Who holds
  // bytes was admitted and is served on: AwaitPlaces works as before.
  void Close();

  // Waits until nothing is held or `deadline`, and returns whether nothing is. The one member that blocks.
  bool AwaitIdle(MonotonicTime deadline) const;

  struct Usage {
    int images = 0;     // waiting
    int executing = 0;  // taken and not finished
    int64_t bytes = 0;
    int open_calls = 0;
    absl::Duration predicted_wait;  // of an interactive image without a deadline
  };
  Usage usage() const;
  const AdmissionLimits& limits() const { return limits_; }

 private:
  struct Waiter {
    Admission held;
    AdmissionRequest wanted;
    Admitted admitted;
  };
  using Line = std::map<WaitId, Waiter>;  // in the order in which they came

  friend class Admission;
  absl::Status Settle(const AdmissionRequest& request, Admission& admission);
  void ReleasePlaces(Admission& admission);
  void RegainPlaces(int images, Admission& admission);
  void GiveBack(Admission& admission);

  void CountRefusal(int images) const;
  WaitId Await(Waiter waiter, Line& line);

  // These need mu_ held.
  bool idle() const { return ledger_.waiting() == 0 && ledger_.executing() == 0 && bytes_ == 0; }
  absl::Status CheckTime(MonotonicTime deadline) const;
  absl::Status CheckOpen(MonotonicTime deadline) const;
  // Whether the request may have its places; whoever wants none may.
  absl::Status Decide(const AdmissionRequest& request);
  // The same of one that waits for them: also whether there is something else to say to it.
  AdmissionDecision::Kind DecideOnWaiter(WaitId id, MonotonicTime now);
  void TakePlaces(const AdmissionRequest& request, Admission& admission);
  // Takes the places of `request` for those that `admission` holds, or leaves these.
  absl::Status ReplacePlaces(const AdmissionRequest& request, Admission& admission);
  bool HasBytes(size_t bytes) const;
  void TakeBytes(size_t bytes, Admission& admission);
  absl::Duration SpreadDelay(absl::Duration drain) { return serving::RetryDelay(drain, random_()); }
  // Somebody has less than before: answers those who wait. Releases the lock meanwhile.
  void OnRoom(std::unique_lock<std::mutex>& lock);
  // What there is to say to somebody who waits, or null.
  std::function<void()> NextAnswer();
  std::function<void()> NextAnswerForBytes();
  std::function<void()> NextAnswerForPlaces();
  Waiter TakeOut(Line& line, Line::iterator waiter);
  std::function<void()> Answer(Line& line, Line::iterator waiter, const absl::Status& status);

  // Constant after construction.
  const AdmissionLimits limits_;
  Clock* const clock_;
  const RefusalObserver on_refusal_;

  mutable std::mutex mu_;
  mutable std::condition_variable became_idle_;
  // Guarded by mu_.
  std::function<double()> random_;
  AdmissionLedger ledger_;
  int64_t bytes_ = 0;
  int open_calls_ = 0;
  Line for_bytes_, for_places_;
  PlaceLine place_line_;  // of for_places_
  std::map<OfferId, std::function<void()>> offers_;
  uint64_t last_id_ = 0;
  bool answering_ = false;
  bool closed_ = false;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_ADMISSION_CONTROLLER_H_
