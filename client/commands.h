#ifndef CLIENT_COMMANDS_H_
#define CLIENT_COMMANDS_H_

#include "absl/status/status.h"
#include "client/exit_code.h"
#include "client/options.h"

namespace edgenext {

// The commands of the program: results go to standard output, all else to standard error.
ExitCode Classify(const ClassifyOptions& options);
ExitCode Info(const InfoOptions& options);
ExitCode Health(const HealthOptions& options);

// Prints what ended a command on standard error, "edgenext: HOST:PORT: UNAVAILABLE …", and returns its exit
// code.
ExitCode ReportError(const ServerOptions& server, const absl::Status& status);

}  // namespace edgenext

#endif  // CLIENT_COMMANDS_H_
