#ifndef MODEL_IMAGE_IMAGE_H_
#define MODEL_IMAGE_IMAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace edgenext {

// 8-bit RGB pixels of somebody else, row by row.
struct RgbView {
  const uint8_t* pixels = nullptr;  // [height, width, 3], rows `stride_bytes` apart
  int width = 0;
  int height = 0;
  size_t stride_bytes = 0;
};

// How a model wants its images: a property of the model, not of a request. Value type.
struct PreprocessSpec {
  // The network's input, in pixels.
  int height = 256;
  int width = 256;
  // Which part of the resized image's shorter side is kept, in (0, 1].
  double crop_pct = 0.875;
  // Of RGB / 255. Applied by the network while it reads the 8-bit image.
  std::array<float, 3> mean = {0.485f, 0.456f, 0.406f};
  std::array<float, 3> std = {0.229f, 0.224f, 0.225f};
};

// What is refused before anything is decoded.
struct ImageLimits {
  size_t max_bytes = size_t{10} << 20;
  int64_t max_pixels = 64'000'000;
  int max_side = 16384;
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_IMAGE_H_
