#include "model/image/opencv_codec.h"

#include <cstring>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "model/image/image_errors.h"

namespace edgenext {
namespace {

constexpr size_t kChannels = 3;

int IgnoreError(int, const char*, const char*, const char*, int, void*) { return 0; }

// Once for the process: errors are reported by status, and what clients send must not fill the log.
void SilenceOpencv() {
  static const bool silenced = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError(&IgnoreError);
    return true;
  }();
  static_cast<void>(silenced);
}

// Decodes into `pixels`, which must already have the size and type that OpenCV comes to.
bool DecodeInto(absl::string_view file, cv::Mat& pixels) {
  std::memset(pixels.data, 0, pixels.total() * pixels.elemSize());
  const uint8_t* const expected_data = pixels.data;
  const int expected_type = pixels.type();
  const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8UC1, const_cast<char*>(file.data()));
  const int flags = cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH | cv::IMREAD_IGNORE_ORIENTATION;
  const bool decoded = !cv::imdecode(bytes, flags, &pixels).empty();
  return decoded && pixels.data == expected_data && pixels.type() == expected_type;
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

OpencvCodec::OpencvCodec() { SilenceOpencv(); }

absl::Status OpencvCodec::Decode(absl::string_view file, const ImageHeader& header, uint8_t* rgb) {
  try {
    if (header.bits_per_channel == 16) {
      const size_t pixels = static_cast<size_t>(header.width) * static_cast<size_t>(header.height);
      cv::Mat wide(header.height, header.width, CV_16UC3,
                   wide_.Reserve(pixels * kChannels * sizeof(uint16_t)));
      if (!DecodeInto(file, wide)) return Undecodable(header);
      WideBgrToRgb(wide.ptr<uint16_t>(), pixels, rgb);
      return absl::OkStatus();
    }
    cv::Mat bgr(header.height, header.width, CV_8UC3, rgb);
    if (!DecodeInto(file, bgr)) return Undecodable(header);
    // Two names for the same pixels: OpenCV would copy them for one.
    cv::Mat swapped(header.height, header.width, CV_8UC3, rgb);
    cv::cvtColor(bgr, swapped, cv::COLOR_BGR2RGB);
    return absl::OkStatus();
  } catch (const std::exception&) {
    return Undecodable(header);
  }
}

}  // namespace edgenext
