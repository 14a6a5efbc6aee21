#include "server/pipeline/image_key.h"

namespace edgenext::serving {

absl::StatusOr<ImageKey> KeyOfImage(absl::string_view model, absl::string_view version,
                                    absl::string_view file) {
  // Neither a name nor a version has a zero byte, so where each ends is part of the key.
  constexpr absl::string_view kEnd("\0", 1);
  Sha256Hasher hasher;
  for (const absl::string_view part : {model, kEnd, version, kEnd, file}) hasher.Update(part);
  return hasher.Finish();
}

}  // namespace edgenext::serving
