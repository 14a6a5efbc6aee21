#include "model/network/pack_network.h"

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/fused/packed_network.h"
#include "model/kernels/kernels.h"
#include "model/layered/packed_network.h"

namespace edgenext {
namespace {

absl::Status CheckSize(const char* what, int size) {
  if (IsInputSide(size)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("input ", what, " is ", size, ", expected a multiple of ",
                                                 kInputSideStep, " from ", kMinInputSide, " to ",
                                                 kMaxInputSide));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Network>> PackNetwork(const EdgeNextWeights& weights,
                                                           const NetworkOptions& options) {
  EDGENEXT_RETURN_IF_ERROR(CheckSize("height", options.height));
  EDGENEXT_RETURN_IF_ERROR(CheckSize("width", options.width));
  const kernels::KernelTable* kernels = kernels::FindKernelTable(options.isa);
  if (kernels == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("this processor does not support ",
                                                      kernels::IsaName(options.isa), ", its best is ",
                                                      kernels::IsaName(kernels::BestIsa())));
  }

  if (options.execution == Execution::kLayered) {
    if (options.precision != kernels::Precision::kF32) {
      return absl::InvalidArgumentError(absl::StrCat("layer by layer, a network cannot run in ",
                                                     kernels::PrecisionName(options.precision),
                                                     ", expected f32"));
    }
    return layered::PackedNetwork::Pack(weights, options, *kernels);
  }
  const kernels::LinearKernels* linear = kernels->linear;
  if (options.precision == kernels::Precision::kBf16) {
    linear = kernels::FindBf16Kernels(options.isa);
    if (linear == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("this processor cannot multiply in bf16 with ",
                                                        kernels::IsaName(options.isa), ", expected f32"));
    }
  }
  return fused::PackedNetwork::Pack(weights, options, *kernels, *linear);
}

}  // namespace edgenext
