#ifndef MODEL_KERNELS_VECTOR_AVX2_H_
#define MODEL_KERNELS_VECTOR_AVX2_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace edgenext::kernels {
namespace {

// Eight floats, as the vector kernels (xca_gram_vector.h, …) expect them. For *_avx2.cc files only. It lives
// in an unnamed namespace so that every template that takes it stays inside the object file.
struct Avx2 {
  using Register = __m256;
  using Mask = __m256i;

  static constexpr size_t kLanes = 8;
  // Rows of a matmul block of 1, 2, 3 registers: its accumulators and operands fit the 16 registers.
  static constexpr size_t kMaxRows[] = {0, 8, 6, 4};

  // What depthwise convolutions keep in the 16 registers beside an input: the sums of so many pixels at most,
  // with a kernel of 3, and beside eight sums so many taps.
  static constexpr ptrdiff_t kDepthwisePixels = 12;
  static constexpr ptrdiff_t kDepthwiseTaps = 6;

  // The first `count` lanes, 0 <= count <= kLanes.
  static Mask FirstLanes(size_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }

  static Register Load(const float* from) { return _mm256_loadu_ps(from); }
  // Zero in the lanes that are not loaded, whose memory is not touched.
  static Register Load(const float* from, Mask lanes) { return _mm256_maskload_ps(from, lanes); }
  static void Store(float* to, Register a) { _mm256_storeu_ps(to, a); }
  static void Store(float* to, Register a, Mask lanes) { _mm256_maskstore_ps(to, lanes, a); }

  static Register Zero() { return _mm256_setzero_ps(); }
  static Register Broadcast(float a) { return _mm256_set1_ps(a); }
  static Register Add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static Register Subtract(Register a, Register b) { return _mm256_sub_ps(a, b); }
  static Register Multiply(Register a, Register b) { return _mm256_mul_ps(a, b); }
  static Register Divide(Register a, Register b) { return _mm256_div_ps(a, b); }
  static Register Max(Register a, Register b) { return _mm256_max_ps(a, b); }
  // Zero in all but `lanes`.
  static Register Keep(Register a, Mask lanes) { return _mm256_and_ps(a, _mm256_castsi256_ps(lanes)); }
  // Each lane of the lower half twice.
  static Register DoubleLanes(Register a) {
    return _mm256_permutevar8x32_ps(a, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
  }
  // Of all lanes.
  static float Sum(Register a) {
    const __m128 fours = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 twos = _mm_add_ps(fours, _mm_movehl_ps(fours, fours));
    return _mm_cvtss_f32(_mm_add_ss(twos, _mm_movehdup_ps(twos)));
  }
  static Register SquareRoot(Register a) { return _mm256_sqrt_ps(a); }
  // a * b + c
  static Register MultiplyAdd(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }

  static Register Round(Register a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // 2^a for whole a in [-126, 127].
  static Register PowerOfTwo(Register a) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_VECTOR_AVX2_H_
