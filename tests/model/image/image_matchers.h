#ifndef TESTS_MODEL_IMAGE_IMAGE_MATCHERS_H_
#define TESTS_MODEL_IMAGE_IMAGE_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "model/base/error_reason.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {

// INVALID_ARGUMENT with this machine-readable reason.
MATCHER_P(IsRefusedAs, reason, std::string(negation ? "is not" : "is") + " refused as " + reason) {
  const absl::Status& status = testing::StatusOf(arg);
  *result_listener << "which is " << status;
  return absl::IsInvalidArgument(status) && GetReason(status) == reason;
}

}  // namespace edgenext

#endif  // TESTS_MODEL_IMAGE_IMAGE_MATCHERS_H_
