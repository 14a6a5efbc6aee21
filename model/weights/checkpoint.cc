#include "model/weights/checkpoint.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/weights/safetensors.h"

namespace edgenext {
namespace {

struct FormatMark {
  absl::string_view start;
  absl::string_view description;
};

// What people have lying about and may try.
constexpr FormatMark kUnsupported[] = {
    {"PK\x03\x04", "a zip archive, as torch.save makes (.pth, .pt, .bin)"},
    {"\x80\x02", "a Python pickle, as old versions of torch.save make (.pth, .pt, .bin)"},
    {"\x80\x03", "a Python pickle"},
    {"\x80\x04", "a Python pickle"},
    {"\x80\x05", "a Python pickle"},
    {"\x89HDF", "an HDF5 file"},
    {"GGUF", "a GGUF file"},
    {"version https://", "a Git LFS pointer: the file itself was not fetched"},
};

absl::string_view Describe(absl::string_view start) {
  for (const FormatMark& mark : kUnsupported) {
    if (absl::StartsWith(start, mark.start)) return mark.description;
  }
  return "of no known format";
}

}  // namespace

absl::string_view DataTypeName(DataType type) {
  switch (type) {
    case DataType::kF32:
      return "F32";
    case DataType::kF16:
      return "F16";
    case DataType::kBF16:
      return "BF16";
    case DataType::kF64:
      return "F64";
    case DataType::kInteger:
      return "integer";
  }
  return "?";
}

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::string& path) {
  EDGENEXT_ASSIGN_OR_RETURN(FileReader file, FileReader::Open(path));
  return OpenCheckpoint(std::move(file));
}

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(FileReader file) {
  std::string start(std::min<uint64_t>(file.size_bytes(), kSniffBytes), '\0');
  EDGENEXT_RETURN_IF_ERROR(file.ReadAt(0, start.size(), &start[0]));
  if (LooksLikeSafetensors(start)) return OpenSafetensors(std::move(file));
  return absl::InvalidArgumentError(absl::StrCat("'", file.path(), "' is ", Describe(start),
                                                 "; checkpoints are read from safetensors files"));
}

}  // namespace edgenext
