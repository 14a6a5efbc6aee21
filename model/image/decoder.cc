#include "model/image/decoder.h"

#include <new>

#include "model/base/status_macros.h"
#include "model/image/image_errors.h"
#include "model/image/image_header.h"
#include "model/image/opencv_codec.h"
#include "model/image/orientation.h"
#include "model/image/pixel_buffer.h"

namespace edgenext {
namespace {

constexpr size_t kChannels = 3;

class HeaderFirstDecoder final : public ImageDecoder {
 public:
  explicit HeaderFirstDecoder(const ImageLimits& limits) : limits_(limits) {}

  absl::StatusOr<RgbView> Decode(absl::string_view file) override {
    EDGENEXT_ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(file, limits_));
    try {
      return DecodePixels(file, header);
    } catch (const std::bad_alloc&) {
      return ImageOutOfMemory(header.width, header.height);
    }
  }

 private:
  absl::StatusOr<RgbView> DecodePixels(absl::string_view file, const ImageHeader& header) {
    const size_t size_bytes =
        static_cast<size_t>(header.width) * static_cast<size_t>(header.height) * kChannels;
    uint8_t* const stored = stored_.Reserve(size_bytes);
    EDGENEXT_RETURN_IF_ERROR(codec_.Decode(file, header, stored));
    const RgbView view = {stored, header.width, header.height, static_cast<size_t>(header.width) * kChannels};
    if (header.orientation == 1) return view;

    uint8_t* const upright = upright_.Reserve(size_bytes);
    ApplyOrientation(view, header.orientation, upright);
    const int width = SwapsSides(header.orientation) ? header.height : header.width;
    const int height = SwapsSides(header.orientation) ? header.width : header.height;
    return RgbView{upright, width, height, static_cast<size_t>(width) * kChannels};
  }

  const ImageLimits limits_;
  OpencvCodec codec_;
  PixelBuffer stored_;
  PixelBuffer upright_;
};

}  // namespace

std::unique_ptr<ImageDecoder> ImageDecoder::Make(const ImageLimits& limits) {
  return std::make_unique<HeaderFirstDecoder>(limits);
}

}  // namespace edgenext
