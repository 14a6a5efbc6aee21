#ifndef MODEL_EDGENEXT_EXECUTION_CHECKS_H_
#define MODEL_EDGENEXT_EXECUTION_CHECKS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "model/executor/executor.h"

namespace edgenext {

// INVALID_ARGUMENT unless exactly one of the pointers is set.
absl::Status CheckInput(const NetworkInput& input);

// INVALID_ARGUMENT unless `floats` is images * classes.
absl::Status CheckLogits(size_t images, int classes, size_t floats);

// INVALID_ARGUMENT unless `threads` is from 1 to `most`.
absl::Status CheckThreads(int threads, int most);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_EXECUTION_CHECKS_H_
