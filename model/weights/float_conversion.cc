#include "model/weights/float_conversion.h"

#include <cstdlib>
#include <cstring>

namespace edgenext {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are loaded as they lie in the file");

template <typename To, typename From>
To BitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

float RoundToFloat(double value) { return static_cast<float>(value); }

template <typename Bits, typename Convert>
void ConvertEach(const unsigned char* bytes, size_t count, float* out, Convert convert) {
  for (size_t i = 0; i < count; ++i) {
    Bits element;
    std::memcpy(&element, bytes + i * sizeof(Bits), sizeof(Bits));
    out[i] = convert(element);
  }
}

}  // namespace

float HalfToFloat(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16;
  const uint32_t magnitude = bits & 0x7FFFu;
  if (magnitude < 0x0400) {  // zero or subnormal: a multiple of 2^-24
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    return BitCast<float>(sign | BitCast<uint32_t>(value));
  }
  const uint32_t exponent_shift = magnitude >= 0x7C00 ? (255 - 31) << 23 : (127 - 15) << 23;
  return BitCast<float>(sign | ((magnitude << 13) + exponent_shift));
}

float BFloat16ToFloat(uint16_t bits) { return BitCast<float>(static_cast<uint32_t>(bits) << 16); }

size_t ElementBytes(DataType type) {
  switch (type) {
    case DataType::kF32:
      return 4;
    case DataType::kF16:
    case DataType::kBF16:
      return 2;
    case DataType::kF64:
      return 8;
    case DataType::kInteger:
      break;
  }
  std::abort();
}

void ConvertToFloat(DataType type, const unsigned char* bytes, size_t count, float* out) {
  switch (type) {
    case DataType::kF32:
      ConvertEach<float>(bytes, count, out, [](float value) { return value; });
      return;
    case DataType::kF16:
      ConvertEach<uint16_t>(bytes, count, out, HalfToFloat);
      return;
    case DataType::kBF16:
      ConvertEach<uint16_t>(bytes, count, out, BFloat16ToFloat);
      return;
    case DataType::kF64:
      ConvertEach<double>(bytes, count, out, RoundToFloat);
      return;
    case DataType::kInteger:
      break;
  }
  std::abort();
}

}  // namespace edgenext
