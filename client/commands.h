#ifndef CLIENT_COMMANDS_H_
#define CLIENT_COMMANDS_H_

#include "client/base/exit_code.h"
#include "client/options.h"

namespace edgenext {

// The commands of the program: results go to standard output, all else to standard error.
ExitCode Classify(const ClassifyOptions& options);
ExitCode Info(const InfoOptions& options);
ExitCode Health(const HealthOptions& options);

}  // namespace edgenext

#endif  // CLIENT_COMMANDS_H_
