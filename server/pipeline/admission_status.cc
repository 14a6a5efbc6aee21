#include "server/pipeline/admission_status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"

namespace edgenext::serving {
namespace {

// To the millisecond: nobody needs more, and it is only predicted.
std::string Rounded(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(1)));
}

}  // namespace

absl::Status CheckPossible(const AdmissionRequest& request, const AdmissionLimits& limits) {
  if (request.images > limits.queue_capacity) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat(request.images, " images in one request, at most ",
                                                limits.queue_capacity, " can be queued")),
        kReasonBadTensor);
  }
  if (request.bytes > limits.max_inflight_bytes) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat("the request takes ", request.bytes, " bytes, at most ",
                                                limits.max_inflight_bytes, " can be in flight")),
        kReasonImageTooLarge);
  }
  return absl::OkStatus();
}

absl::Status OverloadedStatus(absl::string_view what, absl::Duration retry_delay) {
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError(absl::StrCat("the server is overloaded: ", what)),
                 kReasonOverloaded),
      retry_delay);
}

absl::Status ToStatus(const AdmissionDecision& decision, const AdmissionRequest& request, MonotonicTime now,
                      const AdmissionLimits& limits, absl::Duration retry_delay) {
  using Kind = AdmissionDecision::Kind;
  std::string what;
  switch (decision.kind) {
    case Kind::kAdmit:
      return absl::OkStatus();
    case Kind::kDeadlineUnreachable:
      return WithReason(absl::ResourceExhaustedError(
                            absl::StrCat("the deadline, in ", Rounded(request.deadline - now),
                                         ", cannot be met: the predicted wait is ", Rounded(decision.wait))),
                        kReasonDeadlineUnreachable);
    case Kind::kNoPlace:
      what = absl::StrCat("the queue's ", limits.queue_capacity, " places have no room for ", request.images,
                          request.images == 1 ? " image" : " images");
      break;
    case Kind::kWaitTooLong:
      what = absl::StrCat("the predicted wait is ", Rounded(decision.wait), ", at most ",
                          Rounded(limits.max_queue_wait), " is allowed");
      break;
    case Kind::kNotItsShare:
      what = "others want places in the queue, and the client has its part of them";
      break;
    case Kind::kOthersDeadline:
      what = "an image that was admitted before would miss its deadline";
      break;
  }
  return OverloadedStatus(what, retry_delay);
}

}  // namespace edgenext::serving
