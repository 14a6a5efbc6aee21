#include "model/weights/float_conversion.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

uint32_t BitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// The value by its definition: IEEE 754 interchange format with `exponent_bits` and `fraction_bits`.
double Reference(uint16_t bits, int exponent_bits, int fraction_bits) {
  const int sign = bits >> 15;
  const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  double magnitude;
  if (exponent == (1 << exponent_bits) - 1) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, 1 - bias - fraction_bits);
  } else {
    magnitude = std::ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
  }
  return sign == 1 ? -magnitude : magnitude;
}

TEST(FloatConversionTest, EveryHalfIsExact) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const double expected = Reference(static_cast<uint16_t>(bits), 5, 10);
    const float actual = HalfToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(actual)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(actual), expected) << bits;
    }
    ASSERT_EQ(std::signbit(actual), bits >> 15 == 1) << bits;
  }
}

TEST(FloatConversionTest, EveryBFloat16IsExact) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const double expected = Reference(static_cast<uint16_t>(bits), 8, 7);
    const float actual = BFloat16ToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(actual)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(actual), expected) << bits;
    }
    ASSERT_EQ(std::signbit(actual), bits >> 15 == 1) << bits;
  }
}

template <typename T>
std::vector<float> Convert(DataType type, const std::vector<T>& values) {
  // One byte off any alignment.
  std::vector<unsigned char> bytes(1 + values.size() * sizeof(T));
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(T));
  std::vector<float> out(values.size());
  ConvertToFloat(type, bytes.data() + 1, values.size(), out.data());
  return out;
}

TEST(FloatConversionTest, F64IsRoundedToNearestEven) {
  const double one_ulp = 0x1p-23;
  EXPECT_THAT(Convert<double>(DataType::kF64, {0.1, 1 + one_ulp / 2, 1 + 1.5 * one_ulp, 1 + 0.51 * one_ulp}),
              ::testing::ElementsAre(0.1f, 1.0f, 1.0f + 2 * 0x1p-23f, 1.0f + 0x1p-23f));
  EXPECT_THAT(Convert<double>(DataType::kF64, {1e300, -1e300, 0x1p-149, 0x1p-151, -0.0}),
              ::testing::ElementsAre(INFINITY, -INFINITY, 0x1p-149f, 0.0f, -0.0f));
}

TEST(FloatConversionTest, F32KeepsItsBits) {
  const std::vector<float> values = {1.5f, -0.0f, INFINITY, std::numeric_limits<float>::denorm_min(),
                                     std::numeric_limits<float>::quiet_NaN()};
  const std::vector<float> out = Convert(DataType::kF32, values);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(BitsOf(out[i]), BitsOf(values[i])) << i;
}

TEST(FloatConversionTest, ArraysOfShortTypes) {
  EXPECT_THAT(Convert<uint16_t>(DataType::kF16, {0x3C00, 0xC000, 0x0001, 0x7BFF}),
              ::testing::ElementsAre(1.0f, -2.0f, 0x1p-24f, 65504.0f));
  EXPECT_THAT(Convert<uint16_t>(DataType::kBF16, {0x3F80, 0xC000, 0x0001, 0x4049}),
              ::testing::ElementsAre(1.0f, -2.0f, 0x1p-133f, 3.140625f));
}

TEST(FloatConversionTest, NothingIsConvertedToNothing) {
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kF64}) {
    ConvertToFloat(type, nullptr, 0, nullptr);
  }
}

}  // namespace
}  // namespace edgenext
