#include <immintrin.h>

#include "model/kernels/implementations.h"
#include "model/kernels/resample_vector.h"

namespace edgenext::kernels {
namespace {

struct Avx512Bytes {
  using Bytes = __m512i;
  static constexpr size_t kBytes = 64;
  static constexpr size_t kGroupTaps = 8;
  static constexpr size_t kGroupBytes = 32;  // read for 8 pixels, 24 bytes

  static Bytes ZeroBytes() { return _mm512_setzero_si512(); }
  static Bytes LoadBytes(const uint8_t* from) { return _mm512_loadu_si512(from); }
  static void StoreBytes(uint8_t* to, Bytes a) { _mm512_storeu_si512(to, a); }
  static Bytes BroadcastPair(const int16_t* pair) {
    return _mm512_set1_epi32(static_cast<int>(static_cast<uint16_t>(pair[0]) |
                                              static_cast<uint32_t>(static_cast<uint16_t>(pair[1])) << 16));
  }
  static Bytes InterleaveLow8(Bytes a, Bytes b) { return _mm512_unpacklo_epi8(a, b); }
  static Bytes InterleaveHigh8(Bytes a, Bytes b) { return _mm512_unpackhi_epi8(a, b); }
  static Bytes MultiplyAddPairs(Bytes a, Bytes b) { return _mm512_madd_epi16(a, b); }
  static Bytes Add32(Bytes a, Bytes b) { return _mm512_add_epi32(a, b); }
  static Bytes PackSigned32(Bytes a, Bytes b) { return _mm512_packs_epi32(a, b); }
  static Bytes PackUnsigned16(Bytes a, Bytes b) { return _mm512_packus_epi16(a, b); }

  // Sums of products with the two parts of the coefficients to rounded values.
  static Bytes JoinAndShift(Bytes high, Bytes low) { return Shift(Join(high, low)); }
  static Bytes Join(Bytes high, Bytes low) {
    return _mm512_add_epi32(_mm512_slli_epi32(high, kLowBits), low);
  }
  static Bytes Shift(Bytes sum) {
    return _mm512_srai_epi32(_mm512_add_epi32(sum, _mm512_set1_epi32(1 << (kFractionBits - 1))),
                             kFractionBits);
  }

  // Output `x` of a row, spread over [r, r, r, r | g, g, g, g | b, b, b, b | 0]: pairs of taps side by side.
  static Bytes PixelSums(const ResampleAxis& axis, size_t x, const uint8_t* row) {
    alignas(64) static constexpr int16_t kByChannel[32] = {0,  3,  6,  9,  12, 15, 18, 21, 1,  4,  7,
                                                           10, 13, 16, 19, 22, 2,  5,  8,  11, 14, 17,
                                                           20, 23, 31, 31, 31, 31, 31, 31, 31, 31};
    const Bytes by_channel = _mm512_load_si512(kByChannel);
    const uint8_t* in = row + static_cast<size_t>(axis.first[x]) * kChannels;
    const int16_t* high = axis.high + x * axis.stride;
    const int16_t* low = axis.low + x * axis.stride;
    Bytes high_sum = ZeroBytes();
    Bytes low_sum = ZeroBytes();
    for (int taps = axis.taps[x]; taps > 0; taps -= 8, in += 24, high += 8, low += 8) {
      const Bytes pixels = _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(in)));
      const Bytes samples = _mm512_permutexvar_epi16(by_channel, pixels);
      high_sum = Add32(high_sum, MultiplyAddPairs(samples, BroadcastEight(high)));
      low_sum = Add32(low_sum, MultiplyAddPairs(samples, BroadcastEight(low)));
    }
    return Join(high_sum, low_sum);
  }
  static Bytes BroadcastEight(const int16_t* eight) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i_u*>(eight)));
  }

  static void StoreFourPixels(uint8_t* to, Bytes a, Bytes b, Bytes c, Bytes d) {
    // A 4 x 4 transpose in every 128-bit lane, adding up on the way: lane i becomes channel i of all four
    // pixels.
    const Bytes ab = Add32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const Bytes cd = Add32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    const Bytes sums = Add32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    const __m128i planes = _mm512_cvtusepi32_epi8(_mm512_max_epi32(Shift(sums), ZeroBytes()));
    const __m128i rgb =
        _mm_shuffle_epi8(planes, _mm_setr_epi8(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1));
    _mm_storel_epi64(reinterpret_cast<__m128i_u*>(to), rgb);
    _mm_storeu_si32(to + 8, _mm_srli_si128(rgb, 8));
  }
};

}  // namespace

const ResampleKernels kResampleAvx512 = {&ResampleHorizontally<Avx512Bytes>,
                                         &ResampleVertically<Avx512Bytes>};

}  // namespace edgenext::kernels
