#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/text_layout.h"

namespace edgenext {

ExitCode ReportError(const ServerOptions& server, const absl::Status& status) {
  std::cerr << "edgenext: " << Printable(absl::StrCat(server.target, ": ", status.ToString())) << '\n';
  return ExitCodeOf(status);
}

}  // namespace edgenext
