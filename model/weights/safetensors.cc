#include "model/weights/safetensors.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/weights/float_conversion.h"
#include "model/weights/safetensors_header.h"

namespace edgenext {
namespace {

constexpr uint64_t kLengthBytes = 8;

uint64_t LoadLittleEndian64(const char* bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

class SafetensorsCheckpoint final : public Checkpoint {
 public:
  SafetensorsCheckpoint(FileReader file, uint64_t data_offset,
                        std::map<std::string, SafetensorsEntry> entries)
      : file_(std::move(file)), data_offset_(data_offset), entries_(std::move(entries)) {
    for (const auto& [name, entry] : entries_) tensors_[name] = entry.info;
  }

  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }

  absl::StatusOr<Tensor> Read(absl::string_view name) const override {
    const auto found = entries_.find(std::string(name));
    if (found == entries_.end()) {
      return absl::NotFoundError(absl::StrCat("'", file_.path(), "' has no tensor '", name, "'"));
    }
    const SafetensorsEntry& entry = found->second;
    if (entry.info.type == DataType::kInteger) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' holds integers"));
    }
    std::vector<unsigned char> bytes(entry.end - entry.begin);
    EDGENEXT_RETURN_IF_ERROR(file_.ReadAt(data_offset_ + entry.begin, bytes.size(), bytes.data()));
    Tensor tensor(entry.info.shape);
    ConvertToFloat(entry.info.type, bytes.data(), tensor.values.size(), tensor.values.data());
    return tensor;
  }

 private:
  const FileReader file_;
  const uint64_t data_offset_;
  const std::map<std::string, SafetensorsEntry> entries_;
  std::map<std::string, TensorInfo> tensors_;
};

// The checkpoint, or what is wrong with the file, which the caller names.
absl::StatusOr<std::unique_ptr<Checkpoint>> Open(FileReader& file) {
  if (file.size_bytes() < kLengthBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file has ", file.size_bytes(), " bytes, a header's length alone takes 8"));
  }
  char length_field[kLengthBytes];
  EDGENEXT_RETURN_IF_ERROR(file.ReadAt(0, kLengthBytes, length_field));
  const uint64_t header_bytes = LoadLittleEndian64(length_field);
  if (header_bytes > kMaxSafetensorsHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the header is said to have ", header_bytes,
                                                   " bytes, at most ", kMaxSafetensorsHeaderBytes,
                                                   " are read"));
  }
  if (header_bytes > file.size_bytes() - kLengthBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the header is said to have ", header_bytes,
                                                   " bytes, the file has ", file.size_bytes() - kLengthBytes,
                                                   " after its length"));
  }
  std::string header(header_bytes, '\0');
  EDGENEXT_RETURN_IF_ERROR(file.ReadAt(kLengthBytes, header.size(), &header[0]));
  const uint64_t data_offset = kLengthBytes + header_bytes;
  EDGENEXT_ASSIGN_OR_RETURN(auto entries, ParseSafetensorsHeader(header, file.size_bytes() - data_offset));
  return std::make_unique<SafetensorsCheckpoint>(std::move(file), data_offset, std::move(entries));
}

}  // namespace

bool LooksLikeSafetensors(absl::string_view start) {
  if (start.size() <= kLengthBytes) return false;
  return start[kLengthBytes] == '{' || LoadLittleEndian64(start.data()) <= kMaxSafetensorsHeaderBytes;
}

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenSafetensors(FileReader file) {
  absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = Open(file);
  if (checkpoint.ok()) return checkpoint;
  return absl::Status(checkpoint.status().code(),
                      absl::StrCat("'", file.path(), "': ", checkpoint.status().message()));
}

}  // namespace edgenext
