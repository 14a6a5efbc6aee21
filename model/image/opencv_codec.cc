#include "model/image/opencv_codec.h"

#include <cstring>
#include <exception>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "model/image/image_errors.h"

namespace edgenext {
namespace {

constexpr size_t kChannels = 3;

int IgnoreError(int, const char*, const char*, const char*, int, void*) { return 0; }

// Once for the process. Errors are reported by status, and what clients send must not fill the log; the
// threads are the caller's.
void PrepareOpencv() {
  static const bool prepared = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError(&IgnoreError);
    cv::setNumThreads(1);
    return true;
  }();
  static_cast<void>(prepared);
}

// Lets OpenCV put its result into memory of ours, and only if it needs exactly as much as was foreseen. (A
// Mat around the memory would do for the first, but cv::imdecode gives it back, untouched, when it cannot
// even read the header; with an allocator, a Mat that has pixels has been decoded.)
class ResultAllocator final : public cv::MatAllocator {
 public:
  ResultAllocator(void* memory, size_t size_bytes)
      : memory_(static_cast<uint8_t*>(memory)), size_bytes_(size_bytes) {}

  cv::UMatData* allocate(int dims, const int* sizes, int type, void*, size_t* steps, cv::AccessFlag,
                         cv::UMatUsageFlags) const override {
    size_t total_bytes = static_cast<size_t>(CV_ELEM_SIZE(type));
    for (int i = dims - 1; i >= 0; --i) {
      if (steps != nullptr) steps[i] = total_bytes;
      total_bytes *= static_cast<size_t>(sizes[i]);
    }
    if (total_bytes != size_bytes_) throw std::length_error("not the size foreseen");
    // Decoders may leave what the file lacks as it is: nothing of the image before may be there.
    std::memset(memory_, 0, size_bytes_);
    auto* result = new cv::UMatData(this);
    result->data = result->origdata = memory_;
    result->size = size_bytes_;
    return result;
  }
  bool allocate(cv::UMatData* data, cv::AccessFlag, cv::UMatUsageFlags) const override {
    return data != nullptr;
  }
  void deallocate(cv::UMatData* data) const override { delete data; }

 private:
  uint8_t* const memory_;
  const size_t size_bytes_;
};

// Whether `file` decodes to an image of `header`'s size and of `type`, now in `memory`, dense.
bool DecodeInto(absl::string_view file, const ImageHeader& header, int type, void* memory) {
  const size_t pixel_count = static_cast<size_t>(header.width) * static_cast<size_t>(header.height);
  ResultAllocator allocator(memory, pixel_count * static_cast<size_t>(CV_ELEM_SIZE(type)));
  cv::Mat pixels;
  pixels.allocator = &allocator;
  const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8UC1, const_cast<char*>(file.data()));
  cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH | cv::IMREAD_IGNORE_ORIENTATION, &pixels);
  return pixels.data == memory && pixels.cols == header.width && pixels.rows == header.height &&
         pixels.type() == type;
}

// round(v / 257), exact for every 16-bit v.
uint8_t To8Bits(uint16_t v) { return static_cast<uint8_t>((v + 128u) / 257u); }

void WideBgrToRgb(const uint16_t* bgr, size_t pixels, uint8_t* rgb) {
  for (size_t i = 0; i < pixels; ++i, bgr += kChannels, rgb += kChannels) {
    rgb[0] = To8Bits(bgr[2]);
    rgb[1] = To8Bits(bgr[1]);
    rgb[2] = To8Bits(bgr[0]);
  }
}

absl::Status Undecodable(const ImageHeader& header) {
  return ImageCorrupt(ImageFormatName(header.format), " of ", header.width, "x", header.height,
                      " pixels cannot be decoded");
}

}  // namespace

OpencvCodec::OpencvCodec() { PrepareOpencv(); }

absl::Status OpencvCodec::Decode(absl::string_view file, const ImageHeader& header, uint8_t* rgb) {
  try {
    if (header.bits_per_channel == 16) {
      const size_t pixels = static_cast<size_t>(header.width) * static_cast<size_t>(header.height);
      void* const wide = wide_.Reserve(pixels * kChannels * sizeof(uint16_t));
      if (!DecodeInto(file, header, CV_16UC3, wide)) return Undecodable(header);
      WideBgrToRgb(static_cast<const uint16_t*>(wide), pixels, rgb);
      return absl::OkStatus();
    }
    if (!DecodeInto(file, header, CV_8UC3, rgb)) return Undecodable(header);
    // Two names for the same pixels: given one, OpenCV would copy them.
    const cv::Mat bgr(header.height, header.width, CV_8UC3, rgb);
    cv::Mat swapped(header.height, header.width, CV_8UC3, rgb);
    cv::cvtColor(bgr, swapped, cv::COLOR_BGR2RGB);
    return absl::OkStatus();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    return Undecodable(header);
  } catch (const std::exception&) {
    return Undecodable(header);
  }
}

}  // namespace edgenext
