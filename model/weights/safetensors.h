#ifndef MODEL_WEIGHTS_SAFETENSORS_H_
#define MODEL_WEIGHTS_SAFETENSORS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/base/file_reader.h"
#include "model/weights/checkpoint.h"

namespace edgenext {

// Bytes that tell the formats of checkpoints apart.
inline constexpr size_t kSniffBytes = 16;

// Whether a file that begins with `start`, its first kSniffBytes bytes or all of a shorter file, is meant to
// be safetensors: the header's length in eight bytes, little-endian, and the header, a JSON object.
bool LooksLikeSafetensors(absl::string_view start);

// Reads the header, at most kMaxSafetensorsHeaderBytes, and checks the whole structure
// (safetensors_header.h).
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenSafetensors(FileReader file);

inline constexpr uint64_t kMaxSafetensorsHeaderBytes = uint64_t{16} << 20;

}  // namespace edgenext

#endif  // MODEL_WEIGHTS_SAFETENSORS_H_
