#include "model/image/image_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/model/image/golden_cases.h"
#include "tests/model/image/image_bytes.h"
#include "tests/model/image/image_matchers.h"

namespace edgenext {
namespace {

std::string SampleKind(const std::string& name) { return ReadTestFile("preprocess-kinds/images/" + name); }

absl::StatusOr<ImageHeader> Read(const std::string& file) { return ReadImageHeader(file, ImageLimits{}); }

struct Sample {
  const char* name;
  ImageFormat format;
  int width, height, bits, orientation;
};

TEST(ImageHeaderTest, TellsWhatAFileIs) {
  for (const Sample& sample : {Sample{"exif1.jpg", ImageFormat::kJpeg, 180, 140, 8, 1},
                               {"exif6.jpg", ImageFormat::kJpeg, 180, 140, 8, 6},
                               {"progressive.jpg", ImageFormat::kJpeg, 159, 147, 8, 1},
                               {"exif5.png", ImageFormat::kPng, 170, 150, 8, 5},
                               {"rgb16.png", ImageFormat::kPng, 150, 144, 16, 1},
                               {"bilevel.png", ImageFormat::kPng, 150, 140, 8, 1},
                               {"rgb.bmp", ImageFormat::kBmp, 160, 150, 8, 1},
                               {"gray.bmp", ImageFormat::kBmp, 140, 150, 8, 1}}) {
    ASSERT_OK_AND_ASSIGN(const ImageHeader header, Read(SampleKind(sample.name)));
    EXPECT_EQ(header.format, sample.format) << sample.name;
    EXPECT_EQ(header.width, sample.width) << sample.name;
    EXPECT_EQ(header.height, sample.height) << sample.name;
    EXPECT_EQ(header.bits_per_channel, sample.bits) << sample.name;
    EXPECT_EQ(header.orientation, sample.orientation) << sample.name;
  }
  ASSERT_OK_AND_ASSIGN(const ImageHeader webp, Read(SampleKind("exif7.webp")));
  EXPECT_EQ(webp.format, ImageFormat::kWebp);
  EXPECT_EQ(webp.orientation, 7);
}

TEST(ImageHeaderTest, RefusesOtherFormats) {
  for (const std::string& file :
       {std::string(), std::string("GIF89a"), std::string("II*\0", 4), std::string("P6 1 1"),
        std::string(100, '\0'), std::string("RIFF\x04\0\0\0WAVE", 12)}) {
    EXPECT_THAT(Read(file), IsRefusedAs(kReasonImageUnsupported));
  }
}

// Decoders fill what a cut file lacks, so that nothing but this tells.
TEST(ImageHeaderTest, RefusesEveryPrefixOfEverySample) {
  for (const std::string folder : {"preprocess", "preprocess-kinds"}) {
    const std::string images = std::string(EDGENEXT_TEST_DATA) + "/" + folder + "/images";
    for (const auto& entry : std::filesystem::directory_iterator(images)) {
      const std::string name = entry.path().filename();
      const std::string file = ReadTestFile(folder + "/images/" + name);
      ASSERT_THAT(Read(file), testing::IsOk()) << name;
      const auto refused = [&](size_t size) {
        const absl::StatusOr<ImageHeader> header = Read(file.substr(0, size));
        ASSERT_TRUE(absl::IsInvalidArgument(header.status())) << name << " cut to " << size << " bytes";
        ASSERT_EQ(GetReason(header.status()), size < 12 ? GetReason(header.status()) : kReasonImageCorrupt)
            << name << " cut to " << size << " bytes: " << header.status();
      };
      const size_t step = std::max<size_t>(1, file.size() / 500);
      for (size_t size = 0; size < std::min<size_t>(file.size(), 1000); ++size) refused(size);
      for (size_t size = 1000; size < file.size(); size += step) refused(size);
      for (size_t left = 1; left < std::min<size_t>(file.size(), 50); ++left) refused(file.size() - left);
    }
  }
}

TEST(ImageHeaderTest, IgnoresWhatFollowsTheImage) {
  for (const char* name : {"exif1.jpg", "bilevel.png", "alpha.webp", "rgb.bmp"}) {
    EXPECT_THAT(Read(SampleKind(name) + "trailing bytes"), testing::IsOk()) << name;
  }
}

TEST(ImageHeaderTest, HoldsTheLimits) {
  const std::string file = SampleKind("rgb.bmp");  // 160 x 150
  const size_t size = file.size();
  EXPECT_THAT(ReadImageHeader(file, {size, 24000, 160}), testing::IsOk());
  EXPECT_THAT(ReadImageHeader(file, {size - 1, 24000, 160}), IsRefusedAs(kReasonImageTooLarge));
  EXPECT_THAT(ReadImageHeader(file, {size, 23999, 160}), IsRefusedAs(kReasonImageTooLarge));
  EXPECT_THAT(ReadImageHeader(file, {size, 24000, 159}), IsRefusedAs(kReasonImageTooLarge));
}

TEST(ImageHeaderTest, AHugePngIsTooLargeWhateverItHolds) {
  const std::string file =
      kPngSignature + Ihdr(100000, 100000, 8, 2) + PngChunk("IDAT", "x") + PngChunk("IEND", "");
  EXPECT_THAT(Read(file), IsRefusedAs(kReasonImageTooLarge));
}

TEST(PngHeaderTest, RefusesAnimation) {
  const std::string file = kPngSignature + Ihdr(4, 4, 8, 2) + PngChunk("acTL", Big(2, 4) + Big(0, 4)) +
                           PngChunk("IDAT", "x") + PngChunk("IEND", "");
  EXPECT_THAT(Read(file), IsRefusedAs(kReasonImageUnsupported));
}

TEST(PngHeaderTest, RefusesContradictions) {
  const std::string data = PngChunk("IDAT", "x");
  const std::string end = PngChunk("IEND", "");
  const std::string good = kPngSignature + Ihdr(4, 4, 8, 2) + data + end;
  EXPECT_THAT(Read(good), testing::IsOk());
  EXPECT_THAT(Read(kPngSignature + Ihdr(4, 4, 8, 2) + end), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(kPngSignature + data + Ihdr(4, 4, 8, 2) + end), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(kPngSignature + Ihdr(0, 4, 8, 2) + data + end), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(kPngSignature + Ihdr(4, 0x80000000u, 8, 2) + data + end),
              IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(kPngSignature + Ihdr(4, 4, 4, 2) + data + end), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(kPngSignature + Ihdr(4, 4, 8, 5) + data + end), IsRefusedAs(kReasonImageCorrupt));
}

TEST(PngHeaderTest, FindsExifAfterTheImageData) {
  const std::string file = kPngSignature + Ihdr(4, 4, 8, 2) + PngChunk("IDAT", "x") +
                           PngChunk("eXIf", ExifOrientation(8)) + PngChunk("IEND", "");
  ASSERT_OK_AND_ASSIGN(const ImageHeader header, Read(file));
  EXPECT_EQ(header.orientation, 8);
}

TEST(WebpHeaderTest, RefusesAnimation) {
  EXPECT_THAT(Read(Webp(Vp8x(0x02, 4, 4) + RiffChunk("ANIM", std::string(6, '\0')))),
              IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Webp(Vp8x(0, 4, 4) + RiffChunk("ANMF", std::string(16, '\0')))),
              IsRefusedAs(kReasonImageUnsupported));
}

TEST(WebpHeaderTest, ReadsSizesAndRefusesContradictions) {
  ASSERT_OK_AND_ASSIGN(const ImageHeader header, Read(Webp(Vp8lHead(300, 16000))));
  EXPECT_EQ(header.width, 300);
  EXPECT_EQ(header.height, 16000);
  EXPECT_THAT(Read(Webp(Vp8x(0, 300, 20) + Vp8lHead(300, 20))), testing::IsOk());
  EXPECT_THAT(Read(Webp(Vp8x(0, 300, 21) + Vp8lHead(300, 20))), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Webp(Vp8lHead(3, 2) + Vp8lHead(3, 2))), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Webp(RiffChunk("VP8 ", std::string(10, 'x')))), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Webp("")), IsRefusedAs(kReasonImageCorrupt));
}

TEST(BmpHeaderTest, RefusesWhatItDoesNotKnow) {
  const std::string rows(64, '\0');
  EXPECT_THAT(Read(Bmp(4, 4, 24, "", rows)), testing::IsOk());
  EXPECT_THAT(Read(Bmp(4, -4, 24, "", rows)), testing::IsOk());
  EXPECT_THAT(Read(Bmp(4, 4, 16, "", rows)), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Bmp(4, 4, 8, std::string(1024, '\0'), rows, 1)), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Bmp(4, 0, 24, "", rows)), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Bmp(-4, 4, 24, "", rows)), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Bmp(4, 6, 24, "", rows)), IsRefusedAs(kReasonImageCorrupt));
  const std::string large_palette = Bmp(4, 4, 8, std::string(1028, '\0'), rows);  // 257 colours
  EXPECT_THAT(Read(large_palette), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Bmp(0x7fffffff, 0x7fffffff, 32, "", rows)), IsRefusedAs(kReasonImageCorrupt));
}

std::string Jpeg(const std::string& middle) { return "\xff\xd8" + middle + "\xff\xd9"; }

TEST(JpegHeaderTest, RefusesKindsThatAreNotDecodedExactly) {
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc0, 8, 5, 7, 3) + JpegScan())), testing::IsOk());
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc3, 8, 5, 7, 3) + JpegScan())), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc9, 8, 5, 7, 3) + JpegScan())), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc1, 12, 5, 7, 3) + JpegScan())), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc0, 8, 5, 7, 2) + JpegScan())), IsRefusedAs(kReasonImageUnsupported));
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc0, 8, 0, 7, 3) + JpegScan())), IsRefusedAs(kReasonImageUnsupported));
}

TEST(JpegHeaderTest, LimitsTheScans) {
  std::string scans;
  for (int i = 0; i < 100; ++i) scans += JpegScan();
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc2, 8, 5, 7, 3) + scans)), testing::IsOk());
  EXPECT_THAT(Read(Jpeg(JpegFrame(0xc2, 8, 5, 7, 3) + scans + JpegScan())),
              IsRefusedAs(kReasonImageUnsupported));
}

TEST(JpegHeaderTest, RefusesContradictions) {
  const std::string frame = JpegFrame(0xc0, 8, 5, 7, 3);
  EXPECT_THAT(Read(Jpeg(JpegScan() + frame)), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Jpeg(frame + frame + JpegScan())), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Jpeg(frame)), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read(Jpeg(JpegScan())), IsRefusedAs(kReasonImageCorrupt));
  EXPECT_THAT(Read("\xff\xd8" + frame + JpegScan() + "\xff\xd8"), IsRefusedAs(kReasonImageCorrupt));
}

TEST(JpegHeaderTest, SkipsStrayAndFillBytesBeforeAMarker) {
  const std::string frame = JpegFrame(0xc0, 8, 5, 7, 3);
  const std::string stray("junk\xff\x00\xff\xff", 8);
  EXPECT_THAT(Read(Jpeg(JpegSegment(0xfe, "") + stray + frame + stray + JpegScan())), testing::IsOk());
  EXPECT_THAT(Read("\xff\xd8" + frame + JpegScan() + "\xff\xfe" + std::string("\0\2", 2) + stray),
              IsRefusedAs(kReasonImageCorrupt));  // no end of image
}

// An EXIF thumbnail has markers of its own, and scan data may hold stuffed and restart markers.
TEST(JpegHeaderTest, LooksAtTheOuterImageOnly) {
  const std::string exif =
      std::string("Exif\0\0", 6) + ExifOrientation(3) + Jpeg(JpegFrame(0xc0, 8, 1, 1, 3));
  const std::string scan = JpegScan() + std::string("\xff\x00\xff\xd0\xff\xd7\xff\xff", 8);
  ASSERT_OK_AND_ASSIGN(const ImageHeader header,
                       Read(Jpeg(JpegSegment(0xe1, exif) + JpegFrame(0xc0, 8, 5, 7, 3) + scan)));
  EXPECT_EQ(header.width, 7);
  EXPECT_EQ(header.height, 5);
  EXPECT_EQ(header.orientation, 3);
}

}  // namespace
}  // namespace edgenext
