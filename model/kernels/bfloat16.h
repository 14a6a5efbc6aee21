#ifndef MODEL_KERNELS_BFLOAT16_H_
#define MODEL_KERNELS_BFLOAT16_H_

#include <cstdint>
#include <cstring>

namespace edgenext::kernels {
namespace {

// The upper half of a float32.
using Bfloat16 = uint16_t;

// Rounded to nearest even, as VCVTNEPS2BF16 does for normal numbers. Of finite values.
inline Bfloat16 ToBfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<Bfloat16>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_BFLOAT16_H_
