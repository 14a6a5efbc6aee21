#ifndef CLIENT_BASE_EXIT_CODE_H_
#define CLIENT_BASE_EXIT_CODE_H_

#include "absl/status/status.h"

namespace edgenext {

// What `edgenext` exits with; scripts depend on the numbers.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // an image failed, or what was asked for is not serving
  kExitUsage = 2,        // the command line is wrong
  kExitUnreachable = 3,  // no server answers, or it went away for good
  kExitDeadline = 4,     // no answer in time
};

// For the error that ended a command.
inline ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kUnavailable:
      return kExitUnreachable;
    case absl::StatusCode::kDeadlineExceeded:
      return kExitDeadline;
    default:
      return kExitFailed;
  }
}

}  // namespace edgenext

#endif  // CLIENT_BASE_EXIT_CODE_H_
