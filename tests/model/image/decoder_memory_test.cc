// What happens when there is no memory for an image: this program's large arrays can be refused, or its
// address space be bounded.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "model/base/error_reason.h"
#include "model/image/decoder.h"
#include "model/image/opencv_codec.h"
#include "model/image/pixel_buffer.h"
#include "tests/model/image/golden_cases.h"
#include "tests/model/image/image_bytes.h"
#include "tests/testing/status_matchers.h"

namespace {

size_t large_bytes = SIZE_MAX;  // of an array that counts as large
int large_arrays_left = 0;      // that are still granted

// Refuses large arrays, but for the first `granted`, as long as it lives.
class LargeArraysRefused {
 public:
  explicit LargeArraysRefused(size_t bytes, int granted = 0) {
    large_bytes = bytes;
    large_arrays_left = granted;
  }
  ~LargeArraysRefused() { large_bytes = SIZE_MAX; }
};

}  // namespace

// Not inlined, or compilers see through them, and take new[] and free for a mismatch.
[[gnu::noinline]] void* operator new[](size_t size) {
  if (size >= large_bytes && large_arrays_left-- <= 0) throw std::bad_alloc();
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace edgenext {
namespace {

using ::testing::ExitedWithCode;
using testing::IsOk;
using testing::StatusIs;

TEST(PixelBufferTest, IsEmptyAfterARefusal) {
  PixelBuffer buffer;
  buffer.Reserve(100);
  {
    const LargeArraysRefused refused(1000);
    EXPECT_THROW(buffer.Reserve(1000), std::bad_alloc);
  }
  EXPECT_EQ(buffer.capacity_bytes(), 0u);
  uint8_t* const data = buffer.Reserve(50);
  ASSERT_NE(data, nullptr);
  data[49] = 1;
}

struct RefusedArray {
  const char* image;
  int granted;  // large arrays that are had before
};

// The stored pixels, the upright ones and those of 16 bits: each has an array.
TEST(ImageDecoderMemoryTest, AnyRefusedArrayIsAStatusAndTheNextImageIsDecoded) {
  for (const RefusedArray& c : {RefusedArray{"preprocess/images/landscape.jpg", 0},
                                {"preprocess-kinds/images/exif6.jpg", 1},
                                {"preprocess-kinds/images/rgb16.png", 1}}) {
    SCOPED_TRACE(c.image);
    const std::string file = ReadTestFile(c.image);
    ASSERT_OK_AND_ASSIGN(const ImageHeader header, ReadImageHeader(file, ImageLimits{}));
    const size_t bytes = static_cast<size_t>(header.width) * static_cast<size_t>(header.height) * 3;
    const auto decoder = ImageDecoder::Make(ImageLimits{});
    {
      const LargeArraysRefused refused(bytes, c.granted);
      const absl::StatusOr<RgbView> view = decoder->Decode(file);
      const std::string size = std::to_string(header.width) + "x" + std::to_string(header.height);
      EXPECT_THAT(view, StatusIs(absl::StatusCode::kResourceExhausted,
                                 "not enough memory to decode a " + size + " image"));
      EXPECT_EQ(GetReason(view.status()), kReasonOverloaded);
    }
    EXPECT_THAT(decoder->Decode(ReadTestFile("preprocess-kinds/images/pixel.png")), IsOk());
    EXPECT_THAT(decoder->Decode(file), IsOk());
  }
}

size_t AddressSpaceBytes() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

// OpenCV's own error for want of memory must not be taken for the file's. This header promises 1.2 GB.
TEST(OpencvCodecMemoryTest, WantOfMemoryInsideOpencvIsNotACorruptImage) {
  const std::string file = Bmp(20000, 20000, 24, "", std::string(64, '\0'));
  const auto decode_with_little_memory = [&] {
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = AddressSpaceBytes() + (size_t{128} << 20);
    if (setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(1);
    const ImageHeader other{ImageFormat::kBmp, 2, 2, 8, 1};
    std::vector<uint8_t> rgb(12);
    OpencvCodec codec;
    try {
      codec.Decode(file, other, rgb.data()).IgnoreError();
      std::_Exit(2);
    } catch (const std::bad_alloc&) {
      std::_Exit(0);
    }
  };
  EXPECT_EXIT(decode_with_little_memory(), ExitedWithCode(0), "");
}

}  // namespace
}  // namespace edgenext
