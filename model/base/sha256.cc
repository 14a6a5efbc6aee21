#include "model/base/sha256.h"

#include <openssl/evp.h>

#include "absl/status/status.h"

namespace edgenext {
namespace {

// Looked up once: the look-up takes longer than hashing a kilobyte.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

struct Sha256Hasher::Context {
  EVP_MD_CTX* const evp = EVP_MD_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) {
  ok_ = context_->evp != nullptr && Algorithm() != nullptr &&
        EVP_DigestInit_ex(context_->evp, Algorithm(), nullptr) == 1;
}

Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::Update(absl::string_view bytes) {
  ok_ = ok_ && EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1;
}

absl::StatusOr<Sha256Digest> Sha256Hasher::Finish() {
  Sha256Digest digest;
  if (!ok_ || EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr) != 1) {
    return absl::InternalError("libcrypto cannot compute SHA-256");
  }
  return digest;
}

}  // namespace edgenext
