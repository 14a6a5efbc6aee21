#include "model/ops/process.h"

#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "model/ops/onednn_compat.h"

// From libgomp, the OpenMP runtime that libdnnl links; <omp.h> comes with g++ only.
extern "C" void omp_set_num_threads(int count);

namespace edgenext::ops {
namespace {

dnnl_cpu_isa_t OneDnnIsa(kernels::Isa isa) {
  switch (isa) {
    case kernels::Isa::kScalar:
      return dnnl_cpu_isa_sse41;
    case kernels::Isa::kAvx2:
      return dnnl_cpu_isa_avx2;
    case kernels::Isa::kAvx512:
      return onednn::kNoCap;
  }
  return onednn::kNoCap;
}

}  // namespace

absl::StatusOr<kernels::Isa> SupportedIsa(const std::string& word) {
  kernels::Isa isa = kernels::Isa::kScalar;
  if (!kernels::ParseIsa(word.c_str(), &isa)) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown instruction set '", word, "', expected one of ", kernels::kIsaWords));
  }
  if (kernels::CpuSupports(isa)) return isa;
  return absl::FailedPreconditionError(absl::StrCat("this processor does not support ", word,
                                                    ", its best is ", kernels::IsaName(kernels::BestIsa())));
}

absl::Status CapIsa(kernels::Isa isa) {
  static std::mutex mu;
  static absl::optional<kernels::Isa> capped;
  const std::lock_guard<std::mutex> lock(mu);
  if (capped == isa) return absl::OkStatus();
  if (capped.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat("oneDNN is capped at ", kernels::IsaName(*capped),
                                                      " and cannot be capped at ", kernels::IsaName(isa)));
  }
  if (dnnl_set_max_cpu_isa(OneDnnIsa(isa)) != dnnl_success) {
    return absl::FailedPreconditionError(absl::StrCat("oneDNN has made primitives and cannot be capped at ",
                                                      kernels::IsaName(isa), " any more"));
  }
  capped = isa;
  return absl::OkStatus();
}

void ConfineThreads() { omp_set_num_threads(1); }

std::string OneDnnVersion() {
  const dnnl_version_t* version = dnnl_version();
  return absl::StrCat(version->major, ".", version->minor, ".", version->patch);
}

}  // namespace edgenext::ops
