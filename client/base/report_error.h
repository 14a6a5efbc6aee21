#ifndef CLIENT_BASE_REPORT_ERROR_H_
#define CLIENT_BASE_REPORT_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "client/base/exit_code.h"

namespace edgenext {

// Prints what ended a command on standard error, "edgenext: HOST:PORT: UNAVAILABLE …", and returns its exit
// code.
ExitCode ReportError(const std::string& target, const absl::Status& status);

}  // namespace edgenext

#endif  // CLIENT_BASE_REPORT_ERROR_H_
