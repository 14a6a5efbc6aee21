#ifndef MODEL_IMAGE_CROP_GEOMETRY_H_
#define MODEL_IMAGE_CROP_GEOMETRY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "model/image/image.h"

namespace edgenext {

// One axis: `input` pixels become `resized`, of which `kept` from `offset` on go to the network.
struct AxisCrop {
  int input;
  int64_t resized;
  int64_t offset;
  int kept;
};

struct CropGeometry {
  AxisCrop x;
  AxisCrop y;
};

// What torchvision's Resize and CenterCrop do to an image of width x height pixels. For a square network the
// shorter side becomes floor(size / crop_pct) and the longer one trunc(short * long_in / short_in); otherwise
// both sides are scaled alike so that floor(H / crop_pct) x floor(W / crop_pct) is covered, rounded half to
// even, never below H x W. Crop offsets round half to even. INVALID_ARGUMENT with reason IMAGE_UNSUPPORTED
// where a resized side would have more than 2^31 - 1 pixels, or the image has none.
absl::StatusOr<CropGeometry> PlanCrop(int width, int height, const PreprocessSpec& spec);

}  // namespace edgenext

#endif  // MODEL_IMAGE_CROP_GEOMETRY_H_
