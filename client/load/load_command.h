#ifndef CLIENT_LOAD_LOAD_COMMAND_H_
#define CLIENT_LOAD_LOAD_COMMAND_H_

#include "client/base/exit_code.h"
#include "client/load/load_options.h"

namespace edgenext {

// `edgenext load`: the report goes to standard output, the live line and errors to standard error. A first
// SIGINT ends the run early and reports it, a second ends the program.
ExitCode Load(const LoadOptions& options);

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_COMMAND_H_
