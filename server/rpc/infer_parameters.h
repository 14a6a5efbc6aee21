#ifndef SERVER_RPC_INFER_PARAMETERS_H_
#define SERVER_RPC_INFER_PARAMETERS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "inference/grpc_service.pb.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// What the reserved parameters of a ModelInferRequest say.
struct InferParameters {
  // `priority` 1 is interactive, as is its absence; 0 and 2 or more are bulk.
  TaskClass task_class = TaskClass::kInteractive;
  // `timeout`, in microseconds; 0 is none.
  absl::Duration timeout = absl::InfiniteDuration();
};

// INVALID_ARGUMENT for a value of the wrong type or range, and for a `triton_…` parameter that is not
// supported. Parameters of other names belong to the client and are ignored, as are those of sequences: every
// image stands alone.
absl::StatusOr<InferParameters> ReadParameters(const inference::ModelInferRequest& request);

// A parameter that holds a whole number, signed or not. INVALID_ARGUMENT names `name` and what it holds
// instead.
absl::StatusOr<int64_t> ReadInteger(absl::string_view name, const inference::InferParameter& parameter);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_INFER_PARAMETERS_H_
