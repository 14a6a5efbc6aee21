#ifndef SERVER_PIPELINE_IMAGE_KEY_H_
#define SERVER_PIPELINE_IMAGE_KEY_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/base/sha256.h"

namespace edgenext::serving {

// What decides the logits of an encoded image, precision apart, which a process has only one of: SHA-256 over
// the model's name and version and the file's bytes. Whoever finds two files of one key has broken SHA-256,
// so the bytes themselves are not compared.
using ImageKey = Sha256Digest;

// INTERNAL if libcrypto fails.
absl::StatusOr<ImageKey> KeyOfImage(absl::string_view model, absl::string_view version,
                                    absl::string_view file);

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_IMAGE_KEY_H_
