#include "server/pipeline/admission.h"

#include <cassert>
#include <utility>

#include "server/pipeline/admission_controller.h"

namespace edgenext::serving {

Admission::~Admission() {
  if (controller_ != nullptr && (images() > 0 || executing_ > 0 || bytes() > 0)) {
    controller_->GiveBack(*this);
  }
}

Admission::Admission(Admission&& other) noexcept
    : controller_(std::exchange(other.controller_, nullptr)),
      held_(std::exchange(other.held_, AdmissionRequest())),
      executing_(std::exchange(other.executing_, 0)) {}

Admission& Admission::operator=(Admission&& other) noexcept {
  Admission moved = std::move(other);  // gives back, at the end, what was held here
  std::swap(controller_, moved.controller_);
  std::swap(held_, moved.held_);
  std::swap(executing_, moved.executing_);
  return *this;
}

absl::Status Admission::Settle(const AdmissionRequest& request) {
  assert(controller_ != nullptr);
  return controller_->Settle(request, *this);
}

Admission Admission::Split(int images, size_t bytes) {
  assert(images <= held_.images && bytes <= held_.bytes);
  Admission part(controller_);
  part.held_ = held_;
  part.held_.images = images;
  part.held_.bytes = bytes;
  held_.images -= images;
  held_.bytes -= bytes;
  return part;
}

void Admission::ReleasePlaces() {
  if (controller_ != nullptr) controller_->ReleasePlaces(*this);
}

void Admission::RegainPlaces(int images) {
  if (controller_ != nullptr) controller_->RegainPlaces(images, *this);
}

}  // namespace edgenext::serving
