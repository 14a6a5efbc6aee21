#include "model/kernels/isa.h"

#include <cpuid.h>

#include <cstdint>
#include <cstring>

namespace edgenext::kernels {
namespace {

struct CpuidResult {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero for a leaf that the processor does not have.
CpuidResult Cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  CpuidResult result;
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);
  return result;
}

// The register files that the operating system saves on a context switch.
uint64_t ReadXcr0() {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

constexpr bool HasAll(uint64_t value, uint64_t bits) { return (value & bits) == bits; }
constexpr uint32_t Bit(int index) { return uint32_t{1} << index; }

Isa DetectBestIsa() {
  // Intel SDM volume 2, CPUID, leaves 1 and 7; volume 1, 13.3 for XCR0.
  constexpr uint32_t kLeaf1EcxAvxFmaOsxsave = Bit(28) | Bit(12) | Bit(27);
  constexpr uint32_t kLeaf7EbxAvx2 = Bit(5);
  constexpr uint32_t kLeaf7EbxAvx512FDqBwVl = Bit(16) | Bit(17) | Bit(30) | Bit(31);
  constexpr uint64_t kXcr0Ymm = 0x06;
  constexpr uint64_t kXcr0Zmm = 0xe6;

  if (!HasAll(Cpuid(1).ecx, kLeaf1EcxAvxFmaOsxsave)) return Isa::kScalar;
  const uint64_t xcr0 = ReadXcr0();
  const uint32_t leaf7_ebx = Cpuid(7).ebx;
  if (!HasAll(leaf7_ebx, kLeaf7EbxAvx2) || !HasAll(xcr0, kXcr0Ymm)) return Isa::kScalar;
  if (!HasAll(leaf7_ebx, kLeaf7EbxAvx512FDqBwVl) || !HasAll(xcr0, kXcr0Zmm)) return Isa::kAvx2;
  return Isa::kAvx512;
}

}  // namespace

const char* IsaName(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "unknown";
}

bool ParseIsa(const char* word, Isa* isa) {
  if (std::strcmp(word, "best") == 0) {
    *isa = BestIsa();
    return true;
  }
  for (const Isa candidate : kAllIsas) {
    if (std::strcmp(word, IsaName(candidate)) != 0) continue;
    *isa = candidate;
    return true;
  }
  return false;
}

Isa BestIsa() {
  static const Isa best = DetectBestIsa();
  return best;
}

bool CpuHasBf16() {
  static const bool has = CpuSupports(Isa::kAvx512) && HasAll(Cpuid(7, 1).eax, Bit(5));
  return has;
}

bool CpuSupports(Isa isa) { return isa <= BestIsa(); }

}  // namespace edgenext::kernels
