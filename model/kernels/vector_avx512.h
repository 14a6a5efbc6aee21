#ifndef MODEL_KERNELS_VECTOR_AVX512_H_
#define MODEL_KERNELS_VECTOR_AVX512_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace edgenext::kernels {
namespace {

// Sixteen floats, as the vector kernels (xca_gram_vector.h, …) expect them. For *_avx512.cc files only. It
// lives in an unnamed namespace so that every template that takes it stays inside the object file.
struct Avx512 {
  using Register = __m512;
  using Mask = __mmask16;

  static constexpr size_t kLanes = 16;
  // Rows of a matmul block of 1, 2, 3 registers: its accumulators and operands fit the 32 registers.
  static constexpr size_t kMaxRows[] = {0, 8, 8, 8};

  // What depthwise convolutions keep in the 32 registers beside an input: the sums of so many pixels at most,
  // with a kernel of 3, and beside eight sums so many taps.
  static constexpr ptrdiff_t kDepthwisePixels = 16;
  static constexpr ptrdiff_t kDepthwiseTaps = 9;

  // The first `count` lanes, 0 <= count <= kLanes.
  static Mask FirstLanes(size_t count) { return static_cast<Mask>((uint32_t{1} << count) - 1); }

  static Register Load(const float* from) { return _mm512_loadu_ps(from); }
  // Zero in the lanes that are not loaded, whose memory is not touched.
  static Register Load(const float* from, Mask lanes) { return _mm512_maskz_loadu_ps(lanes, from); }
  static void Store(float* to, Register a) { _mm512_storeu_ps(to, a); }
  static void Store(float* to, Register a, Mask lanes) { _mm512_mask_storeu_ps(to, lanes, a); }

  static Register Zero() { return _mm512_setzero_ps(); }
  static Register Broadcast(float a) { return _mm512_set1_ps(a); }
  static Register Add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static Register Subtract(Register a, Register b) { return _mm512_sub_ps(a, b); }
  static Register Multiply(Register a, Register b) { return _mm512_mul_ps(a, b); }
  static Register Divide(Register a, Register b) { return _mm512_div_ps(a, b); }
  static Register Max(Register a, Register b) { return _mm512_max_ps(a, b); }
  // Zero in all but `lanes`.
  static Register Keep(Register a, Mask lanes) { return _mm512_maskz_mov_ps(lanes, a); }
  // Each lane of the lower half twice.
  static Register DoubleLanes(Register a) {
    return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7), a);
  }
  // Of all lanes.
  static float Sum(Register a) { return _mm512_reduce_add_ps(a); }
  static Register SquareRoot(Register a) { return _mm512_sqrt_ps(a); }
  // a * b + c
  static Register MultiplyAdd(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }

  static Register Round(Register a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // 2^a for whole a in [-126, 127].
  static Register PowerOfTwo(Register a) {
    const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
  }
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_VECTOR_AVX512_H_
