#include "model/kernels/gelu_tables.h"
#include "model/kernels/implementations.h"
#include "model/kernels/layer_norm_vector.h"
#include "model/kernels/linear_vector.h"
#include "model/kernels/mlp_vector.h"
#include "model/kernels/vector_avx2.h"

namespace edgenext::kernels {
namespace {

struct F32Avx2 : Avx2 {
  using Factor = float;
  using Factors = __m256;
  static constexpr size_t kTileRows = 6;  // with 2 registers of a panel, 12 of the 16 registers hold sums
  static constexpr size_t kStoredRows = kTileRows;
  static constexpr size_t kPanelRegisters = 2;
  static constexpr int kPanel = 16;
  static constexpr int kStepInputs = 1;
  static constexpr int kStepWeights = kPanel;
  static constexpr bool kHasHalf = false;
  static constexpr bool kInterleaves = false;  // no registers are left for it
  static constexpr ActivationScale kGeluScale = {Gelu8::kScale, Gelu8::kScale};
  static constexpr ActivationScale kHardswishScale = {1.0, 6.0};

  static __m256 LoadWeights(const float* weight, size_t index) {
    return _mm256_load_ps(weight + index * kLanes);
  }
  static __m256 Broadcast(const float* input) { return _mm256_broadcast_ss(input); }
  using Avx2::Broadcast;
  static void StoreFactors(float* to, __m256 a) { Store(to, a); }
  static void StoreFactors(float* to, __m256 a, Mask lanes) { Store(to, a, lanes); }

  static __m256 Table(const float* table, __m256i index) {
    return _mm256_permutevar8x32_ps(_mm256_load_ps(table), index);
  }

  // As in linear_avx512.h, with eight intervals.
  template <Activation kActivation>
  static __m256 Activate(__m256 y) {
    const __m256 positive = _mm256_max_ps(y, _mm256_setzero_ps());
    if constexpr (kActivation == Activation::kHardswish) {
      const __m256 gate = _mm256_min_ps(
          _mm256_max_ps(_mm256_add_ps(y, _mm256_set1_ps(3.0f)), _mm256_setzero_ps()), _mm256_set1_ps(6.0f));
      return _mm256_mul_ps(y, gate);
    } else {
      const __m256 magic = _mm256_set1_ps(8388608.0f);
      const __m256 size =
          _mm256_min_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), y), _mm256_set1_ps(Gelu8::kLast));
      const __m256 rounded = _mm256_add_ps(size, magic);
      const __m256 u = _mm256_sub_ps(size, _mm256_sub_ps(rounded, magic));
      const __m256i k = _mm256_castps_si256(rounded);
      __m256 g = Table(Gelu8::kCoefficients[Gelu8::kDegree], k);
#pragma GCC unroll 6
      for (int power = Gelu8::kDegree - 1; power >= 0; --power) {
        g = _mm256_fmadd_ps(g, u, Table(Gelu8::kCoefficients[power], k));
      }
      return _mm256_sub_ps(positive, g);
    }
  }

  // The sums over all lanes of each of eight registers.
  static __m256 SumEach(const __m256 (&a)[8]) {
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(a[0], a[1]), _mm256_hadd_ps(a[2], a[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(a[4], a[5]), _mm256_hadd_ps(a[6], a[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
  }
};

}  // namespace

extern const LinearKernels kLinearAvx2 = {
    Precision::kF32,          sizeof(float),          F32Avx2::kPanel,      F32Avx2::kGeluScale,
    F32Avx2::kHardswishScale, &RunLayerNorm<F32Avx2>, &RunConvert<F32Avx2>, &RunLinear<F32Avx2>,
    &RunMlp<F32Avx2>};

}  // namespace edgenext::kernels
