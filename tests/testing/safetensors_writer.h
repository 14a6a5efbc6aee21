#ifndef TESTS_TESTING_SAFETENSORS_WRITER_H_
#define TESTS_TESTING_SAFETENSORS_WRITER_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/weights/checkpoint.h"

namespace edgenext::testing {

// One tensor as it is to lie in the file, right or wrong.
struct RawTensor {
  std::string name;
  std::string dtype;
  Shape shape;
  std::string bytes;
};

// The bytes of `values`, in this machine's (little-endian) order.
template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(&bytes[0], values.data(), bytes.size());
  return bytes;
}

inline RawTensor F32Tensor(std::string name, const Tensor& tensor) {
  return {std::move(name), "F32", tensor.shape, BytesOf(tensor.values)};
}

// A file of any header and data, the header's true length in front.
inline std::string SafetensorsFile(absl::string_view header, absl::string_view data) {
  return absl::StrCat(BytesOf<uint64_t>({header.size()}), header, data);
}

// A well-formed file, as far as the tensors are. Names must need no escaping in JSON.
inline std::string SafetensorsFile(const std::vector<RawTensor>& tensors) {
  std::vector<std::string> entries;
  std::string data;
  for (const RawTensor& tensor : tensors) {
    entries.push_back(absl::StrCat("\"", tensor.name, "\":{\"dtype\":\"", tensor.dtype, "\",\"shape\":[",
                                   absl::StrJoin(tensor.shape, ","), "],\"data_offsets\":[", data.size(), ",",
                                   data.size() + tensor.bytes.size(), "]}"));
    data += tensor.bytes;
  }
  return SafetensorsFile(absl::StrCat("{", absl::StrJoin(entries, ","), "}"), data);
}

// All floating point tensors of a checkpoint, as F32.
inline std::vector<RawTensor> RawTensors(const Checkpoint& checkpoint) {
  std::vector<RawTensor> tensors;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (info.type != DataType::kInteger) tensors.push_back(F32Tensor(name, checkpoint.Read(name).value()));
  }
  return tensors;
}

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_SAFETENSORS_WRITER_H_
