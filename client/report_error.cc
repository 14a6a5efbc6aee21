#include <iostream>

#include "client/commands.h"

namespace edgenext {

ExitCode ReportError(const ServerOptions& server, const absl::Status& status) {
  std::cerr << "edgenext: " << server.target << ": " << status.ToString() << '\n';
  return ExitCodeOf(status);
}

}  // namespace edgenext
