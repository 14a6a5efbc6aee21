#ifndef SERVER_RPC_INFER_OUTPUT_H_
#define SERVER_RPC_INFER_OUTPUT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/classify_pipeline.h"

namespace edgenext::serving {

// One output that a ModelInferRequest asks for.
struct InferOutput {
  enum class Tensor { kLogits, kProbabilities };
  Tensor tensor = Tensor::kLogits;
  // The classification extension: the best k classes as text, k already clamped to the classes. 0: all
  // values.
  int classification = 0;
};

// "logits", "probabilities"
const char* OutputName(InferOutput::Tensor tensor);

// In the request's order; a request that names none gets both. INVALID_ARGUMENT for an unknown or repeated
// name or a `classification` that is not positive.
absl::StatusOr<std::vector<InferOutput>> ReadOutputs(const inference::ModelInferRequest& request,
                                                     int classes);

// What the pipeline has to compute for them.
OutputSpec ToOutputSpec(const std::vector<InferOutput>& outputs);

// Writes the outputs of all images, raw and little-endian: FP32 [n, classes], or BYTES [n, k] whose elements
// are "value:index:label", the value being the shortest text that reads back as the same float.
void WriteOutputs(const std::vector<InferOutput>& outputs, const ServedModel& model,
                  const std::vector<ImageResult>& results, inference::ModelInferResponse& response);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_INFER_OUTPUT_H_
