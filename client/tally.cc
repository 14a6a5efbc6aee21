#include "client/tally.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace edgenext {

void Tally::Count(const ImageResult& result) {
  ++images_;
  if (!result.status.ok()) ++failures_;
  if (absl::IsDeadlineExceeded(result.status)) ++late_;
}

double Tally::ImagesPerSecond(SteadyTime now) const {
  const double seconds = absl::ToDoubleSeconds(now - started_);
  return seconds > 0 ? static_cast<double>(images_ - failures_) / seconds : 0;
}

std::string Tally::Summary(SteadyTime now) const {
  return absl::StrCat(
      images_, images_ == 1 ? " image, " : " images, ", failures_, " failed, ",
      absl::StrFormat("%.1f images/s (%.1f s)", ImagesPerSecond(now), absl::ToDoubleSeconds(now - started_)));
}

std::string Tally::Progress(size_t of, SteadyTime now) const {
  return absl::StrCat(images_, "/", of, " images, ", failures_, " failed, ",
                      absl::StrFormat("%.1f images/s", ImagesPerSecond(now)));
}

ExitCode Tally::exit_code() const {
  if (late_ > 0) return kExitDeadline;
  return failures_ > 0 ? kExitFailed : kExitOk;
}

}  // namespace edgenext
