#include "model/ops/packer.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/log.h"
#include "model/ops/process.h"

namespace edgenext::ops {

Packer::Packer(kernels::Isa isa) : isa_(isa) { ConfineThreads(); }

absl::Status Packer::CheckImplementation(absl::string_view op, absl::string_view implementation) {
  implementations_.push_back(absl::StrCat(op, ": ", implementation));
  if (!absl::StartsWith(implementation, "ref")) return absl::OkStatus();
  if (isa_ != kernels::Isa::kScalar) {
    return absl::InternalError(absl::StrCat("oneDNN ", OneDnnVersion(), " has only the implementation '",
                                            implementation, "' for ", op));
  }
  Log(LogLevel::kInfo, "oneDNN runs a reference implementation",
      {{"op", op}, {"implementation", implementation}});
  return absl::OkStatus();
}

void Packer::NeedScratch(size_t size_bytes) { scratch_bytes_ = std::max(scratch_bytes_, size_bytes); }

}  // namespace edgenext::ops
