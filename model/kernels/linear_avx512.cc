#include "model/kernels/linear_avx512.h"

#include "model/kernels/gelu_tables.h"
#include "model/kernels/implementations.h"
#include "model/kernels/layer_norm_vector.h"
#include "model/kernels/linear_vector.h"
#include "model/kernels/mlp_vector.h"

namespace edgenext::kernels {
namespace {

struct F32Avx512 : LinearAvx512<Gelu16> {
  using Factor = float;
  using Factors = __m512;
  static constexpr int kStepInputs = 1;
  static constexpr int kStepWeights = kPanel;

  static __m512 LoadWeights(const float* weight, size_t index) {
    return _mm512_load_ps(weight + index * kLanes);
  }
  static __m512 Broadcast(const float* input) { return _mm512_set1_ps(*input); }
  using Avx512::Broadcast;
  static __m512 MultiplyAddHalf(__m512 a, __m512 b, __m512 c) {
    return _mm512_zextps256_ps512(
        _mm256_fmadd_ps(_mm512_castps512_ps256(a), _mm512_castps512_ps256(b), _mm512_castps512_ps256(c)));
  }
  static void StoreFactors(float* to, __m512 a) { Store(to, a); }
  static void StoreFactors(float* to, __m512 a, Mask lanes) { Store(to, a, lanes); }
};

}  // namespace

extern const LinearKernels kLinearAvx512 = {Precision::kF32,
                                            sizeof(float),
                                            F32Avx512::kPanel,
                                            F32Avx512::kGeluScale,
                                            F32Avx512::kHardswishScale,
                                            &RunLayerNorm<F32Avx512>,
                                            &RunConvert<F32Avx512>,
                                            &RunLinear<F32Avx512>,
                                            &RunMlp<F32Avx512>};

}  // namespace edgenext::kernels
