#include "model/base/error_reason.h"

#include <utility>

#include "absl/strings/cord.h"

namespace edgenext {
namespace {

constexpr char kReasonKey[] = "edgenext/reason";
constexpr char kRetryDelayKey[] = "edgenext/retry-delay";

}  // namespace

absl::Status WithReason(absl::Status status, absl::string_view reason) {
  status.SetPayload(kReasonKey, absl::Cord(reason));
  return status;
}

std::string GetReason(const absl::Status& status) {
  const absl::optional<absl::Cord> reason = status.GetPayload(kReasonKey);
  return reason ? std::string(*reason) : std::string();
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  status.SetPayload(kRetryDelayKey, absl::Cord(absl::FormatDuration(delay)));
  return status;
}

absl::optional<absl::Duration> GetRetryDelay(const absl::Status& status) {
  const absl::optional<absl::Cord> text = status.GetPayload(kRetryDelayKey);
  absl::Duration delay;
  if (!text || !absl::ParseDuration(std::string(*text), &delay)) return absl::nullopt;
  return delay;
}

}  // namespace edgenext
