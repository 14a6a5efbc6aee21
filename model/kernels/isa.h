#ifndef MODEL_KERNELS_ISA_H_
#define MODEL_KERNELS_ISA_H_

namespace edgenext::kernels {

// The instruction sets that kernels are written for, each including those before it.
//   kScalar  plain C++ for the x86-64 baseline: the readable definition
//   kAvx2    AVX2 and FMA
//   kAvx512  AVX-512 F, BW, DQ, VL
enum class Isa { kScalar, kAvx2, kAvx512 };

inline constexpr Isa kAllIsas[] = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512};

// "scalar", "avx2", "avx512"
const char* IsaName(Isa isa);

// The words that the programs' flag --max-isa takes.
inline constexpr char kIsaWords[] = "best, scalar, avx2, avx512";

// What `word` asks for: "best" is BestIsa(), each other word the instruction set of that name, whether this
// processor supports it or not. False, and `isa` as it was, for what is none of kIsaWords.
bool ParseIsa(const char* word, Isa* isa);

// Whether this processor has the instructions (CPUID) and the system saves their registers (XCR0).
bool CpuSupports(Isa isa);

// Whether it has products of bfloat16 (AVX-512 BF16) as well; implies kAvx512.
bool CpuHasBf16();

// The best that this processor supports.
Isa BestIsa();

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_ISA_H_
