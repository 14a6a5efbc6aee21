#ifndef MODEL_OPS_PROCESS_H_
#define MODEL_OPS_PROCESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/kernels/isa.h"

namespace edgenext::ops {

// The instruction set that --max-isa=`word` asks for. INVALID_ARGUMENT for a word that is none of
// kernels::kIsaWords, FAILED_PRECONDITION for what this processor does not support.
absl::StatusOr<kernels::Isa> SupportedIsa(const std::string& word);

// Keeps oneDNN to the instructions of `isa`, for the whole process; kScalar caps it at SSE4.1, the least that
// it knows, and kAvx512 is no cap. To be called before the first primitive is made. FAILED_PRECONDITION if
// oneDNN has chosen already or another cap was set; the same cap again is fine. Thread-safe.
absl::Status CapIsa(kernels::Isa isa);

// Keeps OpenMP regions that the calling thread opens to that one thread. oneDNN takes the number of threads
// when a primitive is made and again when it runs, so every thread that does either calls this first (Packer
// and Program do).
void ConfineThreads();

// Of the library that is loaded: "2.6.3".
std::string OneDnnVersion();

}  // namespace edgenext::ops

#endif  // MODEL_OPS_PROCESS_H_
