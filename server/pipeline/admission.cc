#include "server/pipeline/admission.h"

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "server/batching/task_status.h"

namespace edgenext::serving {
namespace {

// A retry that comes sooner would meet the same full queue.
constexpr absl::Duration kShortestRetryDelay = absl::Milliseconds(1);

}  // namespace

class AdmissionController::Impl {
 public:
  using Admitted = std::function<void(absl::StatusOr<Admission>)>;

  Impl(AdmissionController* controller, const AdmissionLimits& limits, Clock* clock,
       RefusalObserver on_refusal)
      : controller_(controller), limits_(limits), clock_(clock), on_refusal_(std::move(on_refusal)) {}

  void SetTimePerImage(absl::Duration time_per_image) {
    std::lock_guard<std::mutex> lock(mu_);
    time_per_image_ = time_per_image;
  }

  absl::StatusOr<Admission> Admit(const AdmissionRequest& request) {
    absl::Status status;
    {
      std::lock_guard<std::mutex> lock(mu_);
      status = CheckPossible(request);
      if (status.ok() && Fits(request)) return Take(request);
      if (status.ok()) status = OverloadedStatus();
    }
    return Refuse(request.images, std::move(status));
  }

  void AdmitWhenFree(const AdmissionRequest& request, Admitted admitted) {
    absl::StatusOr<Admission> admission;
    {
      std::lock_guard<std::mutex> lock(mu_);
      const absl::Status status = CheckPossible(request);
      if (status.ok() && (!waiters_.empty() || !Fits(request))) {
        waiters_.push_back({request, std::move(admitted)});
        return;
      }
      admission = TakeIf(status, request);
    }
    admitted(std::move(admission));
  }

  void Close() {
    std::deque<Waiter> waiters;
    {
      std::lock_guard<std::mutex> lock(mu_);
      closed_ = true;
      waiters.swap(waiters_);
    }
    for (Waiter& waiter : waiters) waiter.admitted(DrainingStatus());
  }

  absl::Status Resize(int old_images, size_t old_bytes, int images, size_t bytes) {
    const int64_t more_images = int64_t{images} - old_images;
    const int64_t more_bytes = static_cast<int64_t>(bytes) - static_cast<int64_t>(old_bytes);
    absl::Status status = CheckSize(images, bytes);
    {
      std::unique_lock<std::mutex> lock(mu_);
      if (status.ok() && !Fits(std::max(more_images, int64_t{0}), std::max(more_bytes, int64_t{0}))) {
        status = OverloadedStatus();
      }
      if (status.ok()) {
        Change(more_images, more_bytes);
        ServeWaiters(lock);
        return absl::OkStatus();
      }
    }
    return Refuse(images, std::move(status));
  }

  void Regain(int images) {
    std::lock_guard<std::mutex> lock(mu_);
    Change(images, 0);
  }

  void GiveBack(int images, size_t bytes) {
    std::unique_lock<std::mutex> lock(mu_);
    Change(-images, -static_cast<int64_t>(bytes));
    ServeWaiters(lock);
  }

  bool AwaitIdle(MonotonicTime deadline) {
    std::unique_lock<std::mutex> lock(mu_);
    while (!idle() && clock_->Now() < deadline) clock_->WaitUntil(became_idle_, lock, deadline);
    return idle();
  }

  absl::Duration RetryDelay() const {
    std::lock_guard<std::mutex> lock(mu_);
    return PredictDrain();
  }

  Usage usage() const {
    std::lock_guard<std::mutex> lock(mu_);
    return used_;
  }

  const AdmissionLimits& limits() const { return limits_; }

 private:
  struct Waiter {
    AdmissionRequest request;
    Admitted admitted;
  };

  absl::Status CheckSize(int images, size_t bytes) const {
    if (images > limits_.queue_capacity) {
      return WithReason(absl::InvalidArgumentError(absl::StrCat(images, " images in one request, at most ",
                                                                limits_.queue_capacity, " can be queued")),
                        kReasonBadTensor);
    }
    if (bytes > limits_.max_inflight_bytes) {
      return WithReason(
          absl::InvalidArgumentError(absl::StrCat("the request takes ", bytes, " bytes, at most ",
                                                  limits_.max_inflight_bytes, " can be in flight")),
          kReasonImageTooLarge);
    }
    return absl::OkStatus();
  }

  absl::Status Refuse(int images, absl::Status status) const {
    if (on_refusal_ != nullptr) on_refusal_(images);
    return status;
  }

  // From here on with mu_ held.

  bool idle() const { return used_.images == 0 && used_.bytes == 0; }

  // Whether a request may be admitted now or later.
  absl::Status CheckPossible(const AdmissionRequest& request) const {
    if (closed_) return DrainingStatus();
    absl::Status status = CheckSize(request.images, request.bytes);
    if (status.ok() && request.deadline <= clock_->Now()) status = DeadlineExceededStatus();
    return status;
  }

  bool Fits(int64_t images, int64_t bytes) const {
    return used_.images + images <= limits_.queue_capacity &&
           used_.bytes + bytes <= static_cast<int64_t>(limits_.max_inflight_bytes);
  }
  bool Fits(const AdmissionRequest& request) const {
    return Fits(request.images, static_cast<int64_t>(request.bytes));
  }

  void Change(int64_t images, int64_t bytes) {
    used_.images += static_cast<int>(images);
    used_.bytes += bytes;
    assert(used_.images >= 0 && used_.bytes >= 0);
    if (idle()) became_idle_.notify_all();
  }
  Admission Take(const AdmissionRequest& request) {
    Change(request.images, static_cast<int64_t>(request.bytes));
    return Admission(controller_, request.images, request.bytes);
  }
  absl::StatusOr<Admission> TakeIf(const absl::Status& possible, const AdmissionRequest& request) {
    if (!possible.ok()) return possible;
    return Take(request);
  }

  absl::Status OverloadedStatus() const {
    return WithRetryDelay(
        WithReason(absl::ResourceExhaustedError(absl::StrCat(
                       "the server is overloaded: ", used_.images, " of ", limits_.queue_capacity,
                       " images and ", used_.bytes, " of ", limits_.max_inflight_bytes, " bytes are taken")),
                   kReasonOverloaded),
        PredictDrain());
  }
  absl::Duration PredictDrain() const {
    return std::max(time_per_image_ * (used_.images + 1), kShortestRetryDelay);
  }

  // Admits waiters for as long as the first of them fits. Their functions may give room back at once: that
  // finds `serving_waiters_` set and leaves the next round to this loop, which keeps the order and the stack
  // flat.
  void ServeWaiters(std::unique_lock<std::mutex>& lock) {
    if (serving_waiters_) return;
    serving_waiters_ = true;
    while (!waiters_.empty()) {
      const AdmissionRequest request = waiters_.front().request;
      const absl::Status status = CheckPossible(request);
      if (status.ok() && !Fits(request)) break;
      const Admitted admitted = std::move(waiters_.front().admitted);
      waiters_.pop_front();
      absl::StatusOr<Admission> admission = TakeIf(status, request);
      lock.unlock();
      admitted(std::move(admission));
      lock.lock();
    }
    serving_waiters_ = false;
  }

  // Constant after construction.
  AdmissionController* const controller_;
  const AdmissionLimits limits_;
  Clock* const clock_;
  const RefusalObserver on_refusal_;

  mutable std::mutex mu_;
  std::condition_variable became_idle_;
  // Guarded by mu_.
  Usage used_;
  absl::Duration time_per_image_;
  std::deque<Waiter> waiters_;  // first come, first served
  bool serving_waiters_ = false;
  bool closed_ = false;
};

Admission::~Admission() {
  if (controller_ != nullptr && (images_ > 0 || bytes_ > 0)) controller_->impl_->GiveBack(images_, bytes_);
}

Admission::Admission(Admission&& other) noexcept
    : controller_(std::exchange(other.controller_, nullptr)),
      images_(std::exchange(other.images_, 0)),
      bytes_(std::exchange(other.bytes_, 0)) {}

Admission& Admission::operator=(Admission&& other) noexcept {
  Admission moved = std::move(other);  // gives back, at the end, what was held here
  std::swap(controller_, moved.controller_);
  std::swap(images_, moved.images_);
  std::swap(bytes_, moved.bytes_);
  return *this;
}

absl::Status Admission::Resize(int images, size_t bytes) {
  assert(controller_ != nullptr);
  absl::Status status = controller_->impl_->Resize(images_, bytes_, images, bytes);
  if (status.ok()) {
    images_ = images;
    bytes_ = bytes;
  }
  return status;
}

Admission Admission::Split(int images, size_t bytes) {
  assert(images <= images_ && bytes <= bytes_);
  images_ -= images;
  bytes_ -= bytes;
  return Admission(controller_, images, bytes);
}

void Admission::ReleasePlaces() {
  if (images_ > 0) controller_->impl_->GiveBack(std::exchange(images_, 0), 0);
}

void Admission::RegainPlaces(int images) {
  if (controller_ == nullptr) return;
  controller_->impl_->Regain(images);
  images_ += images;
}

AdmissionController::AdmissionController(const AdmissionLimits& limits, Clock* clock,
                                         RefusalObserver on_refusal)
    : impl_(std::make_unique<Impl>(this, limits, clock, std::move(on_refusal))) {}

AdmissionController::~AdmissionController() { Close(); }

void AdmissionController::SetTimePerImage(absl::Duration time_per_image) {
  impl_->SetTimePerImage(time_per_image);
}

absl::StatusOr<Admission> AdmissionController::Admit(const AdmissionRequest& request) {
  return impl_->Admit(request);
}

void AdmissionController::AdmitWhenFree(const AdmissionRequest& request,
                                        std::function<void(absl::StatusOr<Admission>)> admitted) {
  impl_->AdmitWhenFree(request, std::move(admitted));
}

absl::Duration AdmissionController::RetryDelay() const { return impl_->RetryDelay(); }

void AdmissionController::Close() { impl_->Close(); }

bool AdmissionController::AwaitIdle(MonotonicTime deadline) const { return impl_->AwaitIdle(deadline); }

AdmissionController::Usage AdmissionController::usage() const { return impl_->usage(); }

const AdmissionLimits& AdmissionController::limits() const { return impl_->limits(); }

}  // namespace edgenext::serving
