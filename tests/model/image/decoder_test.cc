#include "model/image/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/model/image/golden_cases.h"
#include "tests/model/image/image_bytes.h"
#include "tests/model/image/image_matchers.h"

namespace edgenext {
namespace {

std::vector<uint8_t> Pixels(const RgbView& view) {
  std::vector<uint8_t> pixels;
  const size_t row_bytes = static_cast<size_t>(view.width) * 3;
  for (int y = 0; y < view.height; ++y) {
    const uint8_t* row = view.pixels + static_cast<size_t>(y) * view.stride_bytes;
    pixels.insert(pixels.end(), row, row + row_bytes);
  }
  return pixels;
}

using Bytes = std::vector<uint8_t>;

TEST(ImageDecoderTest, GivesRgbFromTheTopLeft) {
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  // Rows from the bottom up, blue first, padded to 4 bytes: below blue and green, above red and white.
  const std::string rows(
      "\xff\0\0\0\xff\0\0\0"
      "\0\0\xff\xff\xff\xff\0\0",
      16);
  ASSERT_OK_AND_ASSIGN(const RgbView view, decoder->Decode(Bmp(2, 2, 24, "", rows)));
  EXPECT_EQ(view.width, 2);
  EXPECT_EQ(view.height, 2);
  EXPECT_EQ(Pixels(view), (Bytes{255, 0, 0, 255, 255, 255, 0, 0, 255, 0, 255, 0}));
}

TEST(ImageDecoderTest, ReadsBitmapsOfOddKinds) {
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  const std::string rows24(
      "\x01\x02\x03\0"
      "\x04\x05\x06\0",
      8);
  ASSERT_OK_AND_ASSIGN(const RgbView top_down, decoder->Decode(Bmp(1, -2, 24, "", rows24)));
  EXPECT_EQ(Pixels(top_down), (Bytes{3, 2, 1, 6, 5, 4}));

  const std::string row32(
      "\x01\x02\x03\x80"
      "\x04\x05\x06\0",
      8);  // the fourth byte is dropped
  ASSERT_OK_AND_ASSIGN(const RgbView with_alpha, decoder->Decode(Bmp(2, 1, 32, "", row32)));
  EXPECT_EQ(Pixels(with_alpha), (Bytes{3, 2, 1, 6, 5, 4}));

  const std::string palette(
      "\x0a\x14\x1e\0"
      "\x28\x32\x3c\0",
      8);
  ASSERT_OK_AND_ASSIGN(const RgbView bilevel,
                       decoder->Decode(Bmp(3, 1, 1, palette, std::string("\x40\0\0\0", 4))));
  EXPECT_EQ(Pixels(bilevel), (Bytes{30, 20, 10, 60, 50, 40, 30, 20, 10}));

  ASSERT_OK_AND_ASSIGN(const RgbView four,
                       decoder->Decode(Bmp(3, 1, 4, palette, std::string("\x01\x10\0\0", 4))));
  EXPECT_EQ(Pixels(four), (Bytes{30, 20, 10, 60, 50, 40, 60, 50, 40}));
}

TEST(ImageDecoderTest, AReusedDecoderGivesWhatAFreshOneGives) {
  const auto reused = ImageDecoder::Make(ImageLimits{});
  for (const GoldenCase& golden : ReadGoldenCases()) {
    const std::string file = ReadTestFile(golden.image);
    const auto fresh = ImageDecoder::Make(ImageLimits{});
    ASSERT_OK_AND_ASSIGN(const RgbView a, reused->Decode(file));
    ASSERT_OK_AND_ASSIGN(const RgbView b, fresh->Decode(file));
    EXPECT_EQ(Pixels(a), Pixels(b)) << golden.image;
  }
}

TEST(ImageDecoderTest, ATruncatedFileIsRefusedAndNeverShowsTheImageBefore) {
  const std::string whole = ReadTestFile("preprocess/images/landscape.jpg");
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  ASSERT_THAT(decoder->Decode(whole), testing::IsOk());
  for (size_t size = 0; size < whole.size(); size += 997) {
    ASSERT_FALSE(decoder->Decode(whole.substr(0, size)).ok()) << size;
  }
}

// Scan data that ends early before a proper end of image is legal for decoders, which fill the rest with
// grey.
TEST(ImageDecoderTest, MissingScanDataNeverShowsTheImageBefore) {
  const std::string whole = ReadTestFile("preprocess/images/landscape.jpg");
  const std::string half = whole.substr(0, whole.size() / 2) + "\xff\xd9";
  const auto reused = ImageDecoder::Make(ImageLimits{});
  ASSERT_OK_AND_ASSIGN(const RgbView before, reused->Decode(whole));
  const std::vector<uint8_t> before_pixels = Pixels(before);
  ASSERT_OK_AND_ASSIGN(const RgbView after, reused->Decode(half));
  const auto fresh = ImageDecoder::Make(ImageLimits{});
  ASSERT_OK_AND_ASSIGN(const RgbView expected, fresh->Decode(half));
  EXPECT_EQ(Pixels(after), Pixels(expected));
  EXPECT_NE(Pixels(after), before_pixels);
}

TEST(ImageDecoderTest, StrayBytesBetweenSegmentsChangeNothing) {
  const std::string whole = ReadTestFile("preprocess/images/landscape.jpg");
  std::string with_stray = whole;
  const size_t tables = whole.find("\xff\xdb");
  ASSERT_NE(tables, std::string::npos);
  with_stray.insert(tables, "stray");
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  ASSERT_OK_AND_ASSIGN(const RgbView view, decoder->Decode(with_stray));
  const std::vector<uint8_t> pixels = Pixels(view);
  ASSERT_OK_AND_ASSIGN(const RgbView expected, decoder->Decode(whole));
  EXPECT_EQ(pixels, Pixels(expected));
}

TEST(ImageDecoderTest, BrokenContentsAreCorrupt) {
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  std::string png = ReadTestFile("preprocess-kinds/images/rgb16.png");
  png[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 0x55);  // a checksum of IDAT is now wrong
  EXPECT_THAT(decoder->Decode(png), IsRefusedAs(kReasonImageCorrupt));

  EXPECT_THAT(decoder->Decode(Webp(Vp8lHead(30, 20))), IsRefusedAs(kReasonImageCorrupt));
  const std::string jpeg =
      "\xff\xd8\xff\xe0" + std::string("\0\x02", 2) + JpegFrame(0xc0, 8, 5, 7, 3) + JpegScan() + "\xff\xd9";
  EXPECT_THAT(decoder->Decode(jpeg), IsRefusedAs(kReasonImageCorrupt));  // has no tables
}

TEST(ImageDecoderTest, RefusesBeforeDecoding) {
  const std::string file = ReadTestFile("preprocess/images/hd.jpg");
  EXPECT_THAT(ImageDecoder::Make({file.size(), 1280 * 720 - 1, 16384})->Decode(file),
              IsRefusedAs(kReasonImageTooLarge));
  EXPECT_THAT(ImageDecoder::Make(ImageLimits{})->Decode("GIF89a..."), IsRefusedAs(kReasonImageUnsupported));
}

// Whatever one wrong byte in a header does, the answer is an image or a status.
TEST(ImageDecoderTest, OneWrongByteNeverCrashes) {
  const auto decoder = ImageDecoder::Make({size_t{1} << 20, 1 << 20, 16384});
  for (const char* name : {"pixel.png", "thread.png", "palette-transparent.png", "exif5.jpg",
                           "progressive.jpg", "exif7.webp", "gray.bmp", "palette.bmp"}) {
    const std::string file = ReadTestFile(std::string("preprocess-kinds/images/") + name);
    for (size_t at = 0; at < std::min<size_t>(file.size(), 120); ++at) {
      for (const int value : {0x00, 0x7f, 0xff}) {
        std::string broken = file;
        broken[at] = static_cast<char>(value);
        const absl::StatusOr<RgbView> view = decoder->Decode(broken);
        if (!view.ok()) {
          EXPECT_TRUE(absl::IsInvalidArgument(view.status())) << view.status();
          EXPECT_NE(GetReason(view.status()), "") << view.status();
        }
      }
    }
  }
}

}  // namespace
}  // namespace edgenext
