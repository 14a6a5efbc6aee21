#ifndef MODEL_VERIFY_ISA_PROCESSES_H_
#define MODEL_VERIFY_ISA_PROCESSES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace edgenext {

// Runs this program again with `arguments` and --max-isa=…, once for each instruction set that this processor
// supports, one after the other: oneDNN can be capped only once in a process. Returns the largest exit code.
absl::StatusOr<int> RunOncePerIsa(const std::vector<std::string>& arguments);

}  // namespace edgenext

#endif  // MODEL_VERIFY_ISA_PROCESSES_H_
