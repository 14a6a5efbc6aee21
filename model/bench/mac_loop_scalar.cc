#include <xmmintrin.h>

#include "model/bench/mac_loops.h"

namespace edgenext {

double RunMacsScalar(int steps) {
  constexpr int kChains = 12;  // covers the latency of two operations a cycle
  constexpr int kLanes = 4;
  __m128 sums[kChains];
  for (auto& sum : sums) {
    sum = _mm_set1_ps(0.0f);
    asm volatile("" : "+x"(sum));  // or equal chains would become one
  }
  __m128 factor = _mm_set1_ps(0.5f), term = _mm_set1_ps(1.0f);
  for (int step = 0; step < steps; ++step) {
    asm volatile("" : "+x"(factor), "+x"(term));  // nothing known at compile time
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm_add_ps(_mm_mul_ps(sum, factor), term);
  }
  for (auto& sum : sums) asm volatile("" : : "x"(sum));  // the sums are needed
  return static_cast<double>(steps) * kChains * kLanes;
}

}  // namespace edgenext
