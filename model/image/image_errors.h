#ifndef MODEL_IMAGE_IMAGE_ERRORS_H_
#define MODEL_IMAGE_IMAGE_ERRORS_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"

namespace edgenext {

// The room's refusals of a file, each INVALID_ARGUMENT with its reason; the message is the pieces joined.
template <typename... Pieces>
absl::Status ImageCorrupt(const Pieces&... pieces) {
  return WithReason(absl::InvalidArgumentError(absl::StrCat(pieces...)), kReasonImageCorrupt);
}

template <typename... Pieces>
absl::Status ImageUnsupported(const Pieces&... pieces) {
  return WithReason(absl::InvalidArgumentError(absl::StrCat(pieces...)), kReasonImageUnsupported);
}

template <typename... Pieces>
absl::Status ImageTooLarge(const Pieces&... pieces) {
  return WithReason(absl::InvalidArgumentError(absl::StrCat(pieces...)), kReasonImageTooLarge);
}

// The fault of this process, not of the file: RESOURCE_EXHAUSTED with reason OVERLOADED.
inline absl::Status ImageOutOfMemory(int width, int height) {
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrCat("not enough memory to decode a ", width, "x", height, " image")),
                    kReasonOverloaded);
}

}  // namespace edgenext

#endif  // MODEL_IMAGE_IMAGE_ERRORS_H_
