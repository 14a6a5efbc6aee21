#include "model/image/exif.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/model/image/image_bytes.h"

namespace edgenext {
namespace {

TEST(ExifTest, ReadsTheOrientationInBothByteOrders) {
  for (uint32_t orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little : {true, false}) {
      const std::string exif = ExifOrientation(orientation, little);
      EXPECT_EQ(ReadExifOrientation(exif), static_cast<int>(orientation));
      EXPECT_EQ(ReadExifOrientation(std::string("Exif\0\0", 6) + exif), static_cast<int>(orientation));
    }
  }
}

TEST(ExifTest, ReadsTheOrientationAsANumberOfFourBytes) {
  for (const int type : {4, 9}) {  // unsigned and signed
    for (uint32_t orientation = 1; orientation <= 8; ++orientation) {
      for (const bool little : {true, false}) {
        EXPECT_EQ(ReadExifOrientation(ExifOrientation(orientation, little, type)),
                  static_cast<int>(orientation));
      }
    }
    for (const uint32_t wrong : {0u, 9u, 0x10006u, 0x60000u, 0xffffffffu}) {
      for (const bool little : {true, false}) {
        EXPECT_EQ(ReadExifOrientation(ExifOrientation(wrong, little, type)), 1) << wrong;
      }
    }
  }
}

TEST(ExifTest, WhatMakesNoSenseIsTheUsualOrientation) {
  EXPECT_EQ(ReadExifOrientation(""), 1);
  EXPECT_EQ(ReadExifOrientation("not exif at all"), 1);
  EXPECT_EQ(ReadExifOrientation(ExifOrientation(0)), 1);
  EXPECT_EQ(ReadExifOrientation(ExifOrientation(9)), 1);
  std::string far_directory = ExifOrientation(6);
  far_directory.replace(4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(ReadExifOrientation(far_directory), 1);
  std::string wrong_type = ExifOrientation(6);
  wrong_type[12] = 7;
  EXPECT_EQ(ReadExifOrientation(wrong_type), 1);
}

TEST(ExifTest, EveryPrefixEnds) {
  const std::string exif = ExifOrientation(6);
  for (size_t size = 0; size < exif.size(); ++size) {
    const int orientation = ReadExifOrientation(exif.substr(0, size));
    EXPECT_TRUE(orientation == 1 || orientation == 6) << size;
  }
}

}  // namespace
}  // namespace edgenext
