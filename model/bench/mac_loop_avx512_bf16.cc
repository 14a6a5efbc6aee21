#include <immintrin.h>

#include "model/bench/mac_loops.h"

namespace edgenext {

double RunMacsAvx512Bf16(int steps) {
  constexpr int kChains = 12;  // covers the latency of two operations a cycle
  constexpr int kMacs = 32;    // of one operation
  __m512 sums[kChains];
  for (auto& sum : sums) {
    sum = _mm512_set1_ps(0.0f);
    asm volatile("" : "+x"(sum));  // or equal chains would become one
  }
  __m512i factor = _mm512_set1_epi32(0x3f003f00), term = factor;  // pairs of 0.5
  for (int step = 0; step < steps; ++step) {
    asm volatile("" : "+x"(factor), "+x"(term));  // nothing known at compile time
#pragma GCC unroll 12
    for (auto& sum : sums) {
      sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(factor), reinterpret_cast<__m512bh>(term));
    }
  }
  for (auto& sum : sums) asm volatile("" : : "x"(sum));  // the sums are needed
  return static_cast<double>(steps) * kChains * kMacs;
}

}  // namespace edgenext
