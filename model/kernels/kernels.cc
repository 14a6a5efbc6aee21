#include "model/kernels/kernels.h"

#include "model/kernels/implementations.h"

namespace edgenext::kernels {
namespace {

constexpr KernelTable kScalarTable = {Isa::kScalar, &kXcaScalar, &kResampleScalar, &DepthwiseScalar,
                                      &kLinearScalar};
constexpr KernelTable kAvx2Table = {Isa::kAvx2, &kXcaAvx2, &kResampleAvx2, &DepthwiseAvx2, &kLinearAvx2};
constexpr KernelTable kAvx512Table = {Isa::kAvx512, &kXcaAvx512, &kResampleAvx512, &DepthwiseAvx512,
                                      &kLinearAvx512};

}  // namespace

const KernelTable* FindKernelTable(Isa isa) {
  if (!CpuSupports(isa)) return nullptr;
  switch (isa) {
    case Isa::kScalar:
      return &kScalarTable;
    case Isa::kAvx2:
      return &kAvx2Table;
    case Isa::kAvx512:
      return &kAvx512Table;
  }
  return nullptr;
}

const LinearKernels* FindBf16Kernels(Isa isa) {
  return isa == Isa::kAvx512 && CpuSupports(isa) && CpuHasBf16() ? &kLinearAvx512Bf16 : nullptr;
}

}  // namespace edgenext::kernels
