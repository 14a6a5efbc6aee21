#include "model/image/preprocessor.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/image/crop_geometry.h"
#include "model/image/pixel_buffer.h"
#include "model/image/resample_plan.h"

namespace edgenext {
namespace {

constexpr size_t kChannels = 3;

// Pixels being worked on, like RgbView.
struct Rows {
  const uint8_t* pixels;
  size_t stride;
  int width;
  int height;
};

class PillowPreprocessor final : public Preprocessor {
 public:
  PillowPreprocessor(const PreprocessSpec& spec, const kernels::ResampleKernels& kernels)
      : spec_(spec), kernels_(kernels) {}

  absl::Status Run(const RgbView& image, absl::Span<uint8_t> out) override {
    const size_t out_stride = static_cast<size_t>(spec_.width) * kChannels;
    if (out.size() != out_stride * static_cast<size_t>(spec_.height)) {
      return absl::InternalError(
          absl::StrCat("output has ", out.size(), " bytes, expected ", spec_.height, "x", spec_.width, "x3"));
    }
    EDGENEXT_RETURN_IF_ERROR(MakePlans(image.width, image.height));

    Rows rows = {image.pixels + static_cast<size_t>(y_plan_.first_input()) * image.stride_bytes +
                     static_cast<size_t>(x_plan_.first_input()) * kChannels,
                 image.stride_bytes, x_plan_.input_count(), y_plan_.input_count()};
    if (!x_plan_.is_copy()) {
      // The last pass writes to `out`.
      uint8_t* to =
          y_plan_.is_copy() ? out.data() : narrow_.Reserve(out_stride * static_cast<size_t>(rows.height));
      kernels_.horizontal(
          {rows.pixels, rows.stride, to, out_stride, rows.width, rows.height, x_plan_.axis()});
      rows = {to, out_stride, spec_.width, rows.height};
    }
    if (!y_plan_.is_copy()) {
      kernels_.vertical(
          {rows.pixels, rows.stride, out.data(), out_stride, rows.width, rows.height, y_plan_.axis()});
    } else if (x_plan_.is_copy()) {
      for (size_t y = 0; y < static_cast<size_t>(spec_.height); ++y) {
        std::memcpy(out.data() + y * out_stride, rows.pixels + y * rows.stride, out_stride);
      }
    }
    return absl::OkStatus();
  }

 private:
  // Images often come in one size: the plans of the last one are kept.
  absl::Status MakePlans(int width, int height) {
    if (width > 0 && width == planned_width_ && height == planned_height_) return absl::OkStatus();
    EDGENEXT_ASSIGN_OR_RETURN(const CropGeometry geometry, PlanCrop(width, height, spec_));
    x_plan_.Make(geometry.x);
    y_plan_.Make(geometry.y);
    planned_width_ = width;
    planned_height_ = height;
    return absl::OkStatus();
  }

  const PreprocessSpec spec_;
  const kernels::ResampleKernels& kernels_;
  int planned_width_ = 0;
  int planned_height_ = 0;
  ResamplePlan x_plan_;
  ResamplePlan y_plan_;
  PixelBuffer narrow_;  // after the horizontal pass
};

}  // namespace

std::unique_ptr<Preprocessor> Preprocessor::Make(const PreprocessSpec& spec,
                                                 const kernels::KernelTable& kernels) {
  return std::make_unique<PillowPreprocessor>(spec, *kernels.resample);
}

}  // namespace edgenext
