#ifndef MODEL_IMAGE_PREPROCESSOR_H_
#define MODEL_IMAGE_PREPROCESSOR_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/image/image.h"
#include "model/kernels/kernels.h"

namespace edgenext {

// Resizes and crops decoded images to a network's input: Pillow's antialiased bicubic resize in its
// fixed-point arithmetic, the horizontal pass first, and torchvision's centre crop, bit for bit as recorded
// in tests/data/preprocess*. (Pillow from version 13 on makes the vertical pass first for images taller than
// about twice their width, which may differ by some levels.) Only the rows and columns that the crop keeps
// are computed. The buffers are kept from image to image. Confined to one thread.
class Preprocessor {
 public:
  virtual ~Preprocessor() = default;

  static std::unique_ptr<Preprocessor> Make(const PreprocessSpec& spec, const kernels::KernelTable& kernels);

  // Writes [spec.height, spec.width, 3] 8-bit RGB, dense, to `out`, which has exactly that size and does not
  // overlap the image. Costs no more memory than the crop, however elongated the image is; one whose resized
  // form would have a side of more than 2^31 - 1 pixels is INVALID_ARGUMENT with reason IMAGE_UNSUPPORTED.
  virtual absl::Status Run(const RgbView& image, absl::Span<uint8_t> out) = 0;
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_PREPROCESSOR_H_
