#include "model/image/opencv_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/model/image/golden_cases.h"
#include "tests/model/image/image_matchers.h"

namespace edgenext {
namespace {

// The header's check keeps cut files away from OpenCV, which answers many of them with an image all the same.
// Whatever that shows, it must not depend on what the buffer held before.
TEST(OpencvCodecTest, ACutFileNeverShowsWhatTheBufferHeld) {
  const std::string file = ReadTestFile("preprocess/images/landscape.jpg");
  ASSERT_OK_AND_ASSIGN(const ImageHeader header, ReadImageHeader(file, ImageLimits{}));
  const size_t size_bytes = static_cast<size_t>(header.width) * static_cast<size_t>(header.height) * 3;
  OpencvCodec codec;
  int decoded = 0;
  for (const size_t kept : {file.size() / 4, file.size() / 2, file.size() - 100}) {
    std::vector<uint8_t> over_black(size_bytes, 0x00);
    std::vector<uint8_t> over_white(size_bytes, 0xff);
    const std::string cut = file.substr(0, kept);
    if (!codec.Decode(cut, header, over_black.data()).ok()) continue;
    ASSERT_THAT(codec.Decode(cut, header, over_white.data()), testing::IsOk());
    EXPECT_EQ(over_black, over_white) << "cut to " << kept << " bytes";
    ++decoded;
  }
  EXPECT_GT(decoded, 0) << "OpenCV refuses cut files: this test shows nothing any more";
}

TEST(OpencvCodecTest, RefusesAnImageOfAnotherSizeThanItsHeaderSays) {
  const std::string file = ReadTestFile("preprocess-kinds/images/rgb.bmp");
  ASSERT_OK_AND_ASSIGN(ImageHeader header, ReadImageHeader(file, ImageLimits{}));
  std::vector<uint8_t> rgb(static_cast<size_t>(header.width) * static_cast<size_t>(header.height) * 3);
  OpencvCodec codec;
  EXPECT_THAT(codec.Decode(file, header, rgb.data()), testing::IsOk());
  std::swap(header.width, header.height);
  EXPECT_THAT(codec.Decode(file, header, rgb.data()), IsRefusedAs(kReasonImageCorrupt));
  header.width = 10;
  EXPECT_THAT(codec.Decode(file, header, rgb.data()), IsRefusedAs(kReasonImageCorrupt));
}

}  // namespace
}  // namespace edgenext
