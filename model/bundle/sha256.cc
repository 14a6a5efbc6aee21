#include "model/bundle/sha256.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "model/base/sha256.h"
#include "model/base/status_macros.h"

namespace edgenext {
namespace {

constexpr uint64_t kChunkBytes = uint64_t{1} << 20;

}  // namespace

absl::StatusOr<std::string> Sha256(const FileReader& file) {
  Sha256Hasher hasher;
  std::vector<char> chunk(std::min(kChunkBytes, file.size_bytes()));
  for (uint64_t offset = 0; offset < file.size_bytes(); offset += chunk.size()) {
    const size_t size = std::min<uint64_t>(chunk.size(), file.size_bytes() - offset);
    EDGENEXT_RETURN_IF_ERROR(file.ReadAt(offset, size, chunk.data()));
    hasher.Update(absl::string_view(chunk.data(), size));
  }
  EDGENEXT_ASSIGN_OR_RETURN(const Sha256Digest digest, hasher.Finish());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace edgenext
