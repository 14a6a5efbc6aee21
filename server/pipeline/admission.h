#ifndef SERVER_PIPELINE_ADMISSION_H_
#define SERVER_PIPELINE_ADMISSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"

namespace edgenext::serving {

class AdmissionController;

// The right to hold `images` places and `bytes` of the budget. Gives back what it still holds when it is
// destroyed. Movable. Must not outlive its controller. Thread-compatible.
class Admission {
 public:
  Admission() = default;
  ~Admission();
  Admission(Admission&& other) noexcept;
  Admission& operator=(Admission&& other) noexcept;

  int images() const { return images_; }
  size_t bytes() const { return bytes_; }

  // Changes what is held, all or nothing: RESOURCE_EXHAUSTED (OVERLOADED) leaves it as it was. Growing past
  // the whole capacity is INVALID_ARGUMENT, since waiting would not help. Works after Close too: what was
  // admitted is finished. Not for an empty (default or moved-from) Admission.
  absl::Status Resize(int images, size_t bytes);
  // Moves a part into an Admission of its own. The part must be held.
  Admission Split(int images, size_t bytes);
  // Gives back the places but not the bytes: a worker begins with the image.
  void ReleasePlaces();
  // Takes places that were given up again, past the limit where there is no room: what was admitted is
  // finished. Does nothing to an empty Admission.
  void RegainPlaces(int images);

 private:
  friend class AdmissionController;
  Admission(AdmissionController* controller, int images, size_t bytes)
      : controller_(controller), images_(images), bytes_(bytes) {}

  AdmissionController* controller_ = nullptr;
  int images_ = 0;
  size_t bytes_ = 0;
};

struct AdmissionLimits {
  int queue_capacity = 256;                     // images waiting, from admission until a worker takes them
  size_t max_inflight_bytes = size_t{1} << 30;  // encoded bytes, from admission until the answer
};

// What is known of a call when its headers have arrived.
struct AdmissionRequest {
  int images = 1;
  size_t bytes = 0;
  MonotonicTime deadline = MonotonicTime::InfiniteFuture();
};

// The bounded budget of places and bytes. Decides at once, never blocks a caller. Thread-safe.
class AdmissionController {
 public:
  // Told of every request that Admit or Resize refuses, with the images it had. Must not call back.
  using RefusalObserver = std::function<void(int images)>;

  AdmissionController(const AdmissionLimits& limits, Clock* clock, RefusalObserver on_refusal = nullptr);
  // All Admissions are gone; waiters are answered as by Close.
  ~AdmissionController();
  AdmissionController(const AdmissionController&) = delete;
  AdmissionController& operator=(const AdmissionController&) = delete;

  // How often an image leaves the queue when all workers are busy: the time of one image over the number of
  // workers. The retry delay is predicted from it; unknown until it is set.
  void SetTimePerImage(absl::Duration time_per_image);

  // UNAVAILABLE (DRAINING) after Close; INVALID_ARGUMENT for more than the whole budget; DEADLINE_EXCEEDED
  // (DEADLINE) if the deadline has passed; RESOURCE_EXHAUSTED (OVERLOADED) if there is no room, with the
  // predicted time in which the queue drains as the retry delay.
  absl::StatusOr<Admission> Admit(const AdmissionRequest& request);

  // As Admit, but where there is no room it waits for it, first come first served: `admitted` is called once,
  // at once or later from a thread that frees room, with no lock held. UNAVAILABLE after Close;
  // DEADLINE_EXCEEDED if the deadline has passed when its turn comes. Waiters do not hold up Admit's callers
  // of the unary methods beyond the room they take.
  void AdmitWhenFree(const AdmissionRequest& request,
                     std::function<void(absl::StatusOr<Admission>)> admitted);

  // The predicted time in which the queue drains: when whoever is refused now may try again.
  absl::Duration RetryDelay() const;

  // Refuses everything from now on; waiters are answered with UNAVAILABLE (DRAINING).
  void Close();

  // Waits until nothing is held or `deadline`, and returns whether nothing is. The one member that blocks.
  bool AwaitIdle(MonotonicTime deadline) const;

  struct Usage {
    int images = 0;
    int64_t bytes = 0;
  };
  Usage usage() const;
  const AdmissionLimits& limits() const;

 private:
  friend class Admission;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_ADMISSION_H_
