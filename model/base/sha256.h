#ifndef MODEL_BASE_SHA256_H_
#define MODEL_BASE_SHA256_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace edgenext {

using Sha256Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4) of bytes that come piece by piece, by libcrypto with the processor's instructions for
// it. Thread-compatible.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();

  void Update(absl::string_view bytes);
  // Once, last. INTERNAL if libcrypto has failed, for want of memory as far as is known.
  absl::StatusOr<Sha256Digest> Finish();

 private:
  struct Context;
  const std::unique_ptr<Context> context_;
  bool ok_ = false;
};

}  // namespace edgenext

#endif  // MODEL_BASE_SHA256_H_
