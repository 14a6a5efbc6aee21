#include "client/base/report_error.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/base/text_layout.h"

namespace edgenext {

ExitCode ReportError(const std::string& target, const absl::Status& status) {
  std::cerr << "edgenext: " << Printable(absl::StrCat(target, ": ", status.ToString())) << '\n';
  return ExitCodeOf(status);
}

}  // namespace edgenext
