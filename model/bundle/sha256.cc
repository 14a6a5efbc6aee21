#include "model/bundle/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"

namespace edgenext {
namespace {

constexpr uint64_t kChunkBytes = uint64_t{1} << 20;

}  // namespace

absl::StatusOr<std::string> Sha256(const FileReader& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::vector<char> chunk(std::min(kChunkBytes, file.size_bytes()));
  for (uint64_t offset = 0; ok && offset < file.size_bytes(); offset += chunk.size()) {
    const size_t size = std::min<uint64_t>(chunk.size(), file.size_bytes() - offset);
    EDGENEXT_RETURN_IF_ERROR(file.ReadAt(offset, size, chunk.data()));
    ok = EVP_DigestUpdate(context.get(), chunk.data(), size) == 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_bytes = 0;
  ok = ok && EVP_DigestFinal_ex(context.get(), digest, &digest_bytes) == 1;
  if (!ok) return absl::InternalError("libcrypto cannot compute SHA-256");
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), digest_bytes));
}

}  // namespace edgenext
