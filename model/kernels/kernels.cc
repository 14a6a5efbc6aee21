#include "model/kernels/kernels.h"

#include "model/kernels/implementations.h"

namespace edgenext::kernels {
namespace {

constexpr KernelTable kScalarTable = {Isa::kScalar, &XcaScalar, &LayerNormScalar, &kResampleScalar,
                                      &kLinearScalar};
constexpr KernelTable kAvx2Table = {Isa::kAvx2, &XcaAvx2, &LayerNormAvx2, &kResampleAvx2, &kLinearAvx2};
constexpr KernelTable kAvx512Table = {Isa::kAvx512, &XcaAvx512, &LayerNormAvx512, &kResampleAvx512,
                                      &kLinearAvx512};

constexpr size_t RoundUp(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

size_t XcaScratchFloats(int heads, int head_dim) {
  // For each head the matrix A and the norms of q and k, all rows padded to the widest register.
  const size_t dim = static_cast<size_t>(head_dim);
  return static_cast<size_t>(heads) * (dim + 2) * RoundUp(dim, 16);
}

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
