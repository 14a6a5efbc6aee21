#include "model/image/crop_geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"

namespace edgenext {
namespace {

struct Size {
  double width;
  double height;
};

// In double, as Python computes it.
Size ResizedSize(int width, int height, const PreprocessSpec& spec) {
  if (spec.width == spec.height) {
    const double shorter = std::floor(spec.width / spec.crop_pct);
    const double longer = std::trunc(shorter * std::max(width, height) / std::min(width, height));
    return width <= height ? Size{shorter, longer} : Size{longer, shorter};
  }
  const double scale = std::max(std::floor(spec.height / spec.crop_pct) / height,
                                std::floor(spec.width / spec.crop_pct) / width);
  // nearbyint rounds half to even in the default rounding mode.
  return {std::max<double>(spec.width, std::nearbyint(width * scale)),
          std::max<double>(spec.height, std::nearbyint(height * scale))};
}

AxisCrop CropAxis(int input, double resized, int kept) {
  return {input, static_cast<int64_t>(resized), static_cast<int64_t>(std::nearbyint((resized - kept) / 2.0)),
          kept};
}

}  // namespace

absl::StatusOr<CropGeometry> PlanCrop(int width, int height, const PreprocessSpec& spec) {
  if (width < 1 || height < 1) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat("image is ", width, "x", height, ", expected at least 1x1")),
        kReasonImageUnsupported);
  }
  const Size resized = ResizedSize(width, height, spec);
  if (std::max(resized.width, resized.height) > std::numeric_limits<int32_t>::max()) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat("image is ", width, "x", height,
                                                ", too elongated to be resized to the network's input")),
        kReasonImageUnsupported);
  }
  return CropGeometry{CropAxis(width, resized.width, spec.width),
                      CropAxis(height, resized.height, spec.height)};
}

}  // namespace edgenext
