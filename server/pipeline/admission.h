#ifndef SERVER_PIPELINE_ADMISSION_H_
#define SERVER_PIPELINE_ADMISSION_H_

#include <cstddef>

#include "absl/status/status.h"
#include "server/batching/admission_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

class AdmissionController;

// What a request wants to hold: its images' places, until workers take them, and bytes, until the answer.
struct AdmissionRequest : AdmissionAsk {
  size_t bytes = 0;
};

// `images` of what the queue knows by `attributes`.
inline AdmissionRequest RequestFor(const TaskAttributes& attributes, int images, size_t bytes) {
  AdmissionRequest request;
  request.images = images;
  request.deadline = attributes.deadline;
  request.task_class = attributes.task_class;
  request.client = attributes.client_key;
  request.bytes = bytes;
  return request;
}

// The right to hold places and bytes of the budget. Gives back what it still holds when it is destroyed.
// Movable. Must not outlive its controller. Thread-compatible.
class Admission {
 public:
  Admission() = default;
  ~Admission();
  Admission(Admission&& other) noexcept;
  Admission& operator=(Admission&& other) noexcept;

  int images() const { return held_.images; }
  size_t bytes() const { return held_.bytes; }

  // Has it hold what the message turned out to want, all or nothing: an error leaves it as it was. Decided
  // anew where that is more, earlier or of another class than what was admitted: RESOURCE_EXHAUSTED as by
  // Admit, also for bytes. INVALID_ARGUMENT for more than the whole budget. Works after Close too: what was
  // admitted is finished. Not for an empty (default or moved-from) Admission.
  absl::Status Settle(const AdmissionRequest& request);
  // Moves a part into an Admission of its own. The part must be held.
  Admission Split(int images, size_t bytes);
  // Gives back the places but not the bytes: a worker begins with the images, which count as executing from
  // now until the Admission is destroyed.
  void ReleasePlaces();
  // Takes places that were given up again, past the limit where there is no room: what was admitted is
  // finished. Does nothing to an empty Admission.
  void RegainPlaces(int images);

 private:
  friend class AdmissionController;
  explicit Admission(AdmissionController* controller) : controller_(controller) {}

  AdmissionController* controller_ = nullptr;
  AdmissionRequest held_;
  int executing_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_ADMISSION_H_
