#ifndef MODEL_VERIFY_PREPROCESS_H_
#define MODEL_VERIFY_PREPROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/image/image.h"

namespace edgenext {

// One image and what preprocessing must make of it.
struct PreprocessCase {
  std::string image;     // in images/
  std::string expected;  // in expected/, a PNG of the network's size
  PreprocessSpec spec;   // size and crop
  int tolerance = 1;     // levels of 255; 2 for CMYK, whose conversion to RGB is not standardised
};

// Reads FOLDER/cases.json: an array of objects with image, size (S or [H, W]), crop_pct, expected, and mode
// ("CMYK" matters). Other keys are for people. INVALID_ARGUMENT says what is wrong with the file.
absl::StatusOr<std::vector<PreprocessCase>> ReadPreprocessCases(const std::string& folder);

// The largest difference, in levels, between what decoding and preprocessing make of a case's image and what
// is expected, over every kernel table of this processor.
absl::StatusOr<int> ComparePreprocessed(const std::string& folder, const PreprocessCase& preprocess_case);

}  // namespace edgenext

#endif  // MODEL_VERIFY_PREPROCESS_H_
