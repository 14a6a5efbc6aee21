#ifndef MODEL_BUNDLE_MANIFEST_H_
#define MODEL_BUNDLE_MANIFEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/image/image.h"

namespace edgenext {

// What a model folder's model.json says. A value type.
struct Manifest {
  std::string name;
  std::string version = "1";
  std::string variant;
  std::string weights;  // file names inside the folder
  std::string labels;
  PreprocessSpec preprocess;
  std::string precision = "auto";  // "f32", "bf16" or "auto"
  std::string sha256;  // of the weights file, 64 lower case hexadecimal digits; "" where not given
};

// Parses model.json (README.md beside this file lists its keys). INVALID_ARGUMENT naming every fault at once:
// unknown and repeated keys, missing ones, and values that are not what they must be.
absl::StatusOr<Manifest> ParseManifest(absl::string_view json_text);

// What is wrong with a value, "" if nothing is. Manifests and command lines keep to the same rules.
std::string ModelNameFault(absl::string_view name);         // [A-Za-z0-9_.-]{1,64}
std::string InputSizeFault(int64_t height, int64_t width);  // multiples of 32 from 64 to 512
std::string CropPctFault(double crop_pct);                  // in (0, 1]
std::string PrecisionFault(absl::string_view precision);    // "f32", "bf16" or "auto"

}  // namespace edgenext

#endif  // MODEL_BUNDLE_MANIFEST_H_
