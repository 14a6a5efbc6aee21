#ifndef MODEL_WEIGHTS_FLOAT_CONVERSION_H_
#define MODEL_WEIGHTS_FLOAT_CONVERSION_H_

#include <cstddef>
#include <cstdint>

#include "model/weights/checkpoint.h"

namespace edgenext {

// IEEE 754 binary16 and bfloat16, from their bits. Every value of both, subnormals, infinities and NaNs
// included, is exact in float32.
float HalfToFloat(uint16_t bits);
float BFloat16ToFloat(uint16_t bits);

// Bytes of one element of a floating point type.
size_t ElementBytes(DataType type);

// Converts `count` little-endian elements of a floating point `type` at `bytes`, which need not be aligned,
// to float32 at `out`. F64 is rounded to nearest even, what is too large becomes infinite.
void ConvertToFloat(DataType type, const unsigned char* bytes, size_t count, float* out);

}  // namespace edgenext

#endif  // MODEL_WEIGHTS_FLOAT_CONVERSION_H_
