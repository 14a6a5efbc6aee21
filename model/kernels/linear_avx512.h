#ifndef MODEL_KERNELS_LINEAR_AVX512_H_
#define MODEL_KERNELS_LINEAR_AVX512_H_

#include <immintrin.h>

#include <cstddef>

#include "model/kernels/gelu_tables.h"
#include "model/kernels/linear.h"
#include "model/kernels/vector_avx512.h"

namespace edgenext::kernels {
namespace {

// What the machines of linear_tile.h have in common on AVX-512. `Gelu` is one of gelu_tables.h with 16
// intervals.
template <typename Gelu>
struct LinearAvx512 : Avx512 {
  static constexpr size_t kTileRows = 8;  // with 3 registers of a panel, 24 of the 32 registers hold sums
  static constexpr size_t kStoredRows = 2;
  static constexpr size_t kPanelRegisters = 3;
  static constexpr int kPanel = 48;
  static constexpr bool kHasHalf = true;
  static constexpr bool kInterleaves = true;
  static constexpr ActivationScale kGeluScale = {Gelu::kScale, Gelu::kScale};
  static constexpr ActivationScale kHardswishScale = {1.0, 6.0};

  static __m512 Table(const float* table, __m512i index) {
    return _mm512_permutexvar_ps(index, _mm512_load_ps(table));
  }

  template <Activation kActivation>
  static __m512 Activate(__m512 y) {
    const __m512 positive = _mm512_max_ps(y, _mm512_setzero_ps());
    if constexpr (kActivation == Activation::kHardswish) {
      const __m512 gate = _mm512_min_ps(
          _mm512_max_ps(_mm512_add_ps(y, _mm512_set1_ps(3.0f)), _mm512_setzero_ps()), _mm512_set1_ps(6.0f));
      return _mm512_mul_ps(y, gate);
    } else {
      // Adding 2^23 rounds to a whole number, which is then in the lowest bits.
      const __m512 magic = _mm512_set1_ps(8388608.0f);
      const __m512 size = _mm512_min_ps(_mm512_abs_ps(y), _mm512_set1_ps(Gelu::kLast));
      const __m512 rounded = _mm512_add_ps(size, magic);
      const __m512 u = _mm512_sub_ps(size, _mm512_sub_ps(rounded, magic));
      const __m512i k = _mm512_castps_si512(rounded);
      __m512 g = Table(Gelu::kCoefficients[Gelu::kDegree], k);
#pragma GCC unroll 4
      for (int power = Gelu::kDegree - 1; power >= 0; --power) {
        g = _mm512_fmadd_ps(g, u, Table(Gelu::kCoefficients[power], k));
      }
      return _mm512_sub_ps(positive, g);
    }
  }

  // The sums over all lanes of each of sixteen registers.
  static __m512 SumEach(const __m512 (&a)[16]) {
    // Each line halves the number of registers; lane i of the result is the sum of a[i].
    __m512 pairs[8], fours[4], eights[2];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      pairs[i] = _mm512_add_ps(_mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]),
                               _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]));
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const __m512d low = _mm512_castps_pd(pairs[2 * i]), high = _mm512_castps_pd(pairs[2 * i + 1]);
      fours[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(low, high)),
                               _mm512_castpd_ps(_mm512_unpackhi_pd(low, high)));
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      eights[i] = _mm512_add_ps(_mm512_shuffle_f32x4(fours[2 * i], fours[2 * i + 1], 0x88),
                                _mm512_shuffle_f32x4(fours[2 * i], fours[2 * i + 1], 0xdd));
    }
    return _mm512_add_ps(_mm512_shuffle_f32x4(eights[0], eights[1], 0x88),
                         _mm512_shuffle_f32x4(eights[0], eights[1], 0xdd));
  }
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LINEAR_AVX512_H_
