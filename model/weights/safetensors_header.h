#ifndef MODEL_WEIGHTS_SAFETENSORS_HEADER_H_
#define MODEL_WEIGHTS_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/weights/checkpoint.h"

namespace edgenext {

// A tensor of a safetensors file.
struct SafetensorsEntry {
  TensorInfo info;
  uint64_t begin;  // of its bytes, counted from the end of the header
  uint64_t end;
};

// Reads the header of a safetensors file whose data have `data_bytes` bytes
// (format: https://github.com/huggingface/safetensors, "Format"):
//   {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, …, "__metadata__": {"KEY":
//   "TEXT"}}
// padded with spaces. Everything that the format leaves to chance is refused with INVALID_ARGUMENT: duplicate
// and unknown keys, numbers that are not whole, holes and overlaps in the data, data that no tensor owns,
// other padding, and more than kMaxSafetensorsEntries entries. Types other than F32, F16, BF16, F64 and
// integers are refused by name.
absl::StatusOr<std::map<std::string, SafetensorsEntry>> ParseSafetensorsHeader(absl::string_view header,
                                                                               uint64_t data_bytes);

inline constexpr int kMaxSafetensorsEntries = 65536;  // tensors and metadata together
inline constexpr size_t kMaxSafetensorsRank = 64;     // as many dimensions as PyTorch can have

}  // namespace edgenext

#endif  // MODEL_WEIGHTS_SAFETENSORS_HEADER_H_
