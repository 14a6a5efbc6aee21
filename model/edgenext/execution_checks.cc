#include "model/edgenext/execution_checks.h"

#include "absl/strings/str_cat.h"

namespace edgenext {

absl::Status CheckInput(const NetworkInput& input) {
  if ((input.rgb == nullptr) == (input.normalised == nullptr)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an image has ",
        input.rgb == nullptr ? "neither 8-bit RGB nor normalised" : "both 8-bit RGB and normalised",
        " values, expected exactly one"));
  }
  return absl::OkStatus();
}

absl::Status CheckLogits(size_t images, int classes, size_t floats) {
  if (floats == images * static_cast<size_t>(classes)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("logits hold ", floats, " floats, expected ", images, " images x ", classes, " classes"));
}

absl::Status CheckThreads(int threads, int most) {
  if (threads >= 1 && threads <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("an image is to run on ", threads, " threads, expected from 1 to ", most));
}

}  // namespace edgenext
