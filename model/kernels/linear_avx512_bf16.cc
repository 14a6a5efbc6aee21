#include <cstring>

#include "model/kernels/bfloat16.h"
#include "model/kernels/gelu_tables.h"
#include "model/kernels/implementations.h"
#include "model/kernels/layer_norm_vector.h"
#include "model/kernels/linear_avx512.h"
#include "model/kernels/linear_vector.h"
#include "model/kernels/mlp_vector.h"

namespace edgenext::kernels {
namespace {

struct Bf16Avx512 : LinearAvx512<Gelu16Coarse> {
  using Factor = Bfloat16;
  using Factors = __m512i;
  static constexpr int kStepInputs = 2;
  static constexpr int kStepWeights = 2 * kPanel;

  static __m512i LoadWeights(const Bfloat16* weight, size_t index) {
    return _mm512_load_si512(weight + 2 * index * kLanes);
  }
  static __m512i Broadcast(const Bfloat16* pair) {
    int bits;
    std::memcpy(&bits, pair, sizeof bits);
    return _mm512_set1_epi32(bits);
  }
  using Avx512::Broadcast;
  using Avx512::MultiplyAdd;
  static __m512 MultiplyAdd(__m512i a, __m512i b, __m512 c) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  static __m512 MultiplyAddHalf(__m512i a, __m512i b, __m512 c) {
    return _mm512_zextps256_ps512(_mm256_dpbf16_ps(_mm512_castps512_ps256(c),
                                                   reinterpret_cast<__m256bh>(_mm512_castsi512_si256(a)),
                                                   reinterpret_cast<__m256bh>(_mm512_castsi512_si256(b))));
  }
  static __m256i Convert(__m512 a) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(a)); }
  static void StoreFactors(Bfloat16* to, __m512 a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), Convert(a));
  }
  static void StoreFactors(Bfloat16* to, __m512 a, Mask lanes) {
    _mm256_mask_storeu_epi16(to, lanes, Convert(a));
  }
};

}  // namespace

extern const LinearKernels kLinearAvx512Bf16 = {Precision::kBf16,
                                                sizeof(Bfloat16),
                                                Bf16Avx512::kPanel,
                                                Bf16Avx512::kGeluScale,
                                                Bf16Avx512::kHardswishScale,
                                                &RunLayerNorm<Bf16Avx512>,
                                                &RunConvert<Bf16Avx512>,
                                                &RunLinear<Bf16Avx512>,
                                                &RunMlp<Bf16Avx512>};

}  // namespace edgenext::kernels
