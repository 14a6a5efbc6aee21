#ifndef MODEL_IMAGE_OPENCV_CODEC_H_
#define MODEL_IMAGE_OPENCV_CODEC_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "model/image/image_header.h"
#include "model/image/pixel_buffer.h"

namespace edgenext {

// The pixels of an image file by way of OpenCV, which is known to opencv_codec.cc alone: its exceptions end
// there, but for want of memory, and its own messages are silenced. The buffers are kept from image to image.
// Confined to one thread.
class OpencvCodec {
 public:
  OpencvCodec();

  // Writes [header.height, header.width, 3] 8-bit RGB, dense, as stored (the orientation is not applied), to
  // `rgb`. `header` is what ReadImageHeader said of `file`. INVALID_ARGUMENT with reason IMAGE_CORRUPT; `rgb`
  // then holds nothing of use, and never pixels of another image. Throws std::bad_alloc where this room's or
  // OpenCV's own buffers find no memory; what happens inside a format's library is IMAGE_CORRUPT.
  absl::Status Decode(absl::string_view file, const ImageHeader& header, uint8_t* rgb);

 private:
  PixelBuffer wide_;  // 16-bit pixels
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_OPENCV_CODEC_H_
