#ifndef SERVER_PIPELINE_ADMISSION_STATUS_H_
#define SERVER_PIPELINE_ADMISSION_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/batching/admission_policy.h"
#include "server/pipeline/admission_controller.h"

namespace edgenext::serving {

// The words for what admission refuses.

// INVALID_ARGUMENT for what could not be admitted even to an idle server.
absl::Status CheckPossible(const AdmissionRequest& request, const AdmissionLimits& limits);

// RESOURCE_EXHAUSTED (OVERLOADED), with a retry delay.
absl::Status OverloadedStatus(absl::string_view what, absl::Duration retry_delay);

// OK, or RESOURCE_EXHAUSTED for what was refused: OVERLOADED with the retry delay, or DEADLINE_UNREACHABLE.
absl::Status ToStatus(const AdmissionDecision& decision, const AdmissionRequest& request, MonotonicTime now,
                      const AdmissionLimits& limits, absl::Duration retry_delay);

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_ADMISSION_STATUS_H_
