#ifndef SERVER_RPC_INFER_INPUT_H_
#define SERVER_RPC_INFER_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "server/pipeline/classify_pipeline.h"

namespace edgenext::serving {

// The images of a ModelInferRequest, as views of its bytes: it must outlive them.
struct InferImages {
  std::vector<ImageInput> images;
  std::vector<uint8_t> converted;  // what the views of a typed UINT8 tensor point to
};

struct InferLimits {
  int max_images = 256;                       // of one request
  size_t max_image_bytes = size_t{10} << 20;  // of one encoded image
};

// Reads the one input, `image`: BYTES [n] (files), UINT8 [n, height, width, 3] or FP32 [n, 3, height, width]
// of the model's size; from raw_input_contents (little-endian, each BYTES element after its length in 4
// bytes) or from the typed contents. INVALID_ARGUMENT names what is wrong: BAD_TENSOR; "image[3]: …" for one
// element.
absl::StatusOr<InferImages> ReadImages(const inference::ModelInferRequest& request, const ServedModel& model,
                                       const InferLimits& limits);

// `error`, if it is about the image (INVALID_ARGUMENT), as being about image `index` of the request.
absl::Status AboutImage(size_t index, const absl::Status& error);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_INFER_INPUT_H_
