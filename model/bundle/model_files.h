#ifndef MODEL_BUNDLE_MODEL_FILES_H_
#define MODEL_BUNDLE_MODEL_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/weights.h"
#include "model/image/image.h"

namespace edgenext {

struct InputSize {
  int height;
  int width;
};

// What the operator says instead of the model.
struct ModelOverrides {
  absl::optional<std::string> name;
  absl::optional<InputSize> input_size;
  absl::optional<double> crop_pct;
  absl::optional<std::string> labels;  // the path of a file
};

// All that a model's files say, read and checked; the weights as they are in the file.
struct ModelFiles {
  std::string name;
  std::string version;
  std::vector<std::string> labels;  // one a class
  PreprocessSpec preprocess;
  std::string precision;  // "f32", "bf16" or "auto"
  LoadedWeights weights;
  std::string weights_dtype;  // as stored: "F16", or "F16+F32" where types are mixed
  uint64_t weights_file_bytes;
  // What the files do not say and was assumed, for the start log: "crop_pct 0.95: timm's edgenext_small".
  std::vector<std::string> assumptions;
};

// `path` is a folder with model.json, a weights file, or a folder without model.json that holds exactly one
// weights file (README.md beside this file says what is assumed of the latter two). Errors name the file and
// everything that is wrong with it.
absl::StatusOr<ModelFiles> ReadModelFiles(const std::string& path, const ModelOverrides& overrides);

}  // namespace edgenext

#endif  // MODEL_BUNDLE_MODEL_FILES_H_
