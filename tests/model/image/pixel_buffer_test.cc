#include "model/image/pixel_buffer.h"

#include <gtest/gtest.h>

namespace edgenext {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

TEST(PixelBufferTest, KeepsItsMemoryForSmallerImages) {
  PixelBuffer buffer;
  uint8_t* const first = buffer.Reserve(40 * kMebibyte);
  EXPECT_EQ(buffer.Reserve(1), first);
  EXPECT_EQ(buffer.Reserve(40 * kMebibyte), first);
  EXPECT_EQ(buffer.capacity_bytes(), 40 * kMebibyte);
}

TEST(PixelBufferTest, Grows) {
  PixelBuffer buffer;
  buffer.Reserve(10);
  uint8_t* const data = buffer.Reserve(1000);
  data[0] = data[999] = 1;
  EXPECT_EQ(buffer.capacity_bytes(), 1000u);
}

TEST(PixelBufferTest, GivesAHugeImagesMemoryBack) {
  PixelBuffer buffer;
  buffer.Reserve(192 * kMebibyte);
  buffer.Reserve(100 * kMebibyte);
  EXPECT_EQ(buffer.capacity_bytes(), 192 * kMebibyte);
  buffer.Reserve(kMebibyte);
  EXPECT_EQ(buffer.capacity_bytes(), kMebibyte);
}

}  // namespace
}  // namespace edgenext
