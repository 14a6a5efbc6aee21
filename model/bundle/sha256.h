#ifndef MODEL_BUNDLE_SHA256_H_
#define MODEL_BUNDLE_SHA256_H_

#include <string>

#include "absl/status/statusor.h"
#include "model/base/file_reader.h"

namespace edgenext {

// SHA-256 (FIPS 180-4) of all of a file, as 64 lower case hexadecimal digits.
absl::StatusOr<std::string> Sha256(const FileReader& file);

}  // namespace edgenext

#endif  // MODEL_BUNDLE_SHA256_H_
