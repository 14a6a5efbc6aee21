#include <immintrin.h>

#include "model/kernels/implementations.h"
#include "model/kernels/resample_vector.h"

namespace edgenext::kernels {
namespace {

struct Avx2Bytes {
  using Bytes = __m256i;
  static constexpr size_t kBytes = 32;
  static constexpr size_t kGroupTaps = 4;
  static constexpr size_t kGroupBytes = 16;  // read for 4 pixels, 12 bytes

  static Bytes ZeroBytes() { return _mm256_setzero_si256(); }
  static Bytes LoadBytes(const uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from));
  }
  static void StoreBytes(uint8_t* to, Bytes a) { _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(to), a); }
  static Bytes BroadcastPair(const int16_t* pair) {
    return _mm256_set1_epi32(static_cast<int>(static_cast<uint16_t>(pair[0]) |
                                              static_cast<uint32_t>(static_cast<uint16_t>(pair[1])) << 16));
  }
  static Bytes InterleaveLow8(Bytes a, Bytes b) { return _mm256_unpacklo_epi8(a, b); }
  static Bytes InterleaveHigh8(Bytes a, Bytes b) { return _mm256_unpackhi_epi8(a, b); }
  static Bytes MultiplyAddPairs(Bytes a, Bytes b) { return _mm256_madd_epi16(a, b); }
  static Bytes Add32(Bytes a, Bytes b) { return _mm256_add_epi32(a, b); }
  static Bytes PackSigned32(Bytes a, Bytes b) { return _mm256_packs_epi32(a, b); }
  static Bytes PackUnsigned16(Bytes a, Bytes b) { return _mm256_packus_epi16(a, b); }

  // Sums of products with the two parts of the coefficients to rounded values.
  static Bytes JoinAndShift(Bytes high, Bytes low) {
    const Bytes sum = _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low);
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << (kFractionBits - 1))),
                             kFractionBits);
  }

  // Output `x` of a row, spread over [r, r, g, g | b, b, 0, 0]: pairs of taps side by side.
  struct Sums {
    Bytes high;
    Bytes low;
  };
  static Sums PixelSums(const ResampleAxis& axis, size_t x, const uint8_t* row) {
    const Bytes by_channel = _mm256_setr_epi8(0, -1, 3, -1, 6, -1, 9, -1, 1, -1, 4, -1, 7, -1, 10, -1,  //
                                              2, -1, 5, -1, 8, -1, 11, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const uint8_t* in = row + static_cast<size_t>(axis.first[x]) * kChannels;
    const int16_t* high = axis.high + x * axis.stride;
    const int16_t* low = axis.low + x * axis.stride;
    Sums sums = {ZeroBytes(), ZeroBytes()};
    for (int taps = axis.taps[x]; taps > 0; taps -= 4, in += 12, high += 4, low += 4) {
      const __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(in));
      const Bytes samples = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(pixels), by_channel);
      sums.high = Add32(sums.high, MultiplyAddPairs(samples, BroadcastFour(high)));
      sums.low = Add32(sums.low, MultiplyAddPairs(samples, BroadcastFour(low)));
    }
    return sums;
  }
  static Bytes BroadcastFour(const int16_t* four) {
    return _mm256_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i_u*>(four)));
  }

  static void StoreFourPixels(uint8_t* to, Sums a, Sums b, Sums c, Sums d) {
    const Bytes ab = JoinAndShift(_mm256_hadd_epi32(a.high, b.high), _mm256_hadd_epi32(a.low, b.low));
    const Bytes cd = JoinAndShift(_mm256_hadd_epi32(c.high, d.high), _mm256_hadd_epi32(c.low, d.low));
    const Bytes words = PackSigned32(ab, cd);  // rg rg rg rg | b0 b0 b0 b0
    const Bytes bytes = PackUnsigned16(words, words);
    const __m128i rg_b =
        _mm_unpacklo_epi64(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    const __m128i rgb =
        _mm_shuffle_epi8(rg_b, _mm_setr_epi8(0, 1, 8, 2, 3, 10, 4, 5, 12, 6, 7, 14, -1, -1, -1, -1));
    _mm_storel_epi64(reinterpret_cast<__m128i_u*>(to), rgb);
    _mm_storeu_si32(to + 8, _mm_srli_si128(rgb, 8));
  }
};

}  // namespace

const ResampleKernels kResampleAvx2 = {&ResampleHorizontally<Avx2Bytes>, &ResampleVertically<Avx2Bytes>};

}  // namespace edgenext::kernels
