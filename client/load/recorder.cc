#include "client/load/recorder.h"

#include <algorithm>
#include <limits>

namespace edgenext {

const char* FateName(Fate fate) {
  switch (fate) {
    case Fate::kGood:
      return "good";
    case Fate::kLate:
      return "late";
    case Fate::kRefused:
      return "refused";
    case Fate::kExpired:
      return "expired";
    case Fate::kCancelled:
      return "cancelled";
    case Fate::kFailed:
      return "failed";
    case Fate::kNotSent:
      return "not sent";
  }
  return "";
}

uint32_t SampleTime(absl::Duration duration) {
  const int64_t microseconds = absl::ToInt64Microseconds(duration);
  return static_cast<uint32_t>(
      std::min<int64_t>(std::max<int64_t>(microseconds, 0), std::numeric_limits<uint32_t>::max()));
}

void Recorder::Add(Sample sample, absl::string_view code, absl::string_view reason) {
  const std::lock_guard<std::mutex> lock(mu_);
  sample.outcome = OutcomeOf(code, reason);
  samples_.push_back(sample);
}

uint8_t Recorder::OutcomeOf(absl::string_view code, absl::string_view reason) {
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    if (outcomes_[i].code == code && outcomes_[i].reason == reason) return static_cast<uint8_t>(i);
  }
  if (outcomes_.size() >= kMostOutcomes) {
    code = "OTHERS";
    reason = "";
    if (outcomes_.size() > kMostOutcomes) return static_cast<uint8_t>(kMostOutcomes);
  }
  outcomes_.push_back({std::string(code), std::string(reason)});
  return static_cast<uint8_t>(outcomes_.size() - 1);
}

std::vector<Sample> Recorder::TakeRecent() {
  const std::lock_guard<std::mutex> lock(mu_);
  const size_t first = std::max(taken_, samples_.size() - std::min(samples_.size(), kMostRecent));
  taken_ = samples_.size();
  return std::vector<Sample>(samples_.begin() + static_cast<std::ptrdiff_t>(first), samples_.end());
}

}  // namespace edgenext
