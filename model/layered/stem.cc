#include "model/layered/stem.h"

#include <algorithm>
#include <utility>

#include "model/base/status_macros.h"
#include "model/edgenext/fold.h"

namespace edgenext::layered {
namespace {

constexpr int kStride = 4;
constexpr int kColors = 3;
// Rows of the map that are multiplied at once. Divides the height of every map: images are multiples of 32.
constexpr int kBandRows = 4;

// Taps [begin, end) of a kernel at `origin` that are inside [0, extent).
struct TapRange {
  int begin;
  int end;
};
TapRange InsideTaps(int origin, int kernel, int extent) {
  return {std::clamp(-origin, 0, kernel), std::clamp(extent - origin, 0, kernel)};
}

// Neighbouring pixels of an image of three planes, colors innermost.
void GatherPlanes(const float* red, ptrdiff_t plane, int count, float* out) {
  for (int i = 0; i < count; ++i) {
    for (int color = 0; color < kColors; ++color) *out++ = red[color * plane + i];
  }
}

}  // namespace

absl::StatusOr<Stem> Stem::Pack(PackContext& context, const NetworkOptions& options,
                                const ConvolutionWeights& convolution, const NormWeights& norm) {
  Tensor weight = convolution.weight, bias = convolution.bias;
  absl::optional<LayerNorm> layer_norm;
  if (norm.is_batch_norm()) {
    FoldIntoOutputs(BatchNormAffine(norm), &weight, &bias);
  } else {
    layer_norm.emplace(norm, context.kernels);
  }

  const int kernel = static_cast<int>(weight.shape[2]);
  const MapSize map = {options.height / kStride, options.width / kStride, context.config.dims[0]};
  ops::LinearSpec spec;
  spec.rows = kBandRows * map.width;
  spec.inputs = kernel * kernel * kColors;
  spec.outputs = map.channels;
  EDGENEXT_ASSIGN_OR_RETURN(ops::Linear linear,
                            ops::Linear::Make(context.packer, spec, ChannelsInnermost(weight), bias));
  BufferSizes::Raise(&context.sizes.work, static_cast<size_t>(spec.rows) * static_cast<size_t>(spec.outputs));
  BufferSizes::Raise(&context.sizes.hidden,
                     static_cast<size_t>(spec.rows) * static_cast<size_t>(spec.inputs));
  BufferSizes::Raise(&context.sizes.activations, map.floats());
  return Stem(options, map, kernel, std::move(layer_norm), std::move(linear));
}

Stem::Stem(const NetworkOptions& options, const MapSize& map, int kernel, absl::optional<LayerNorm> norm,
           ops::Linear linear)
    : height_(options.height),
      width_(options.width),
      map_(map),
      kernel_(kernel),
      padding_(kernel > kStride ? kernel / 2 : 0),
      norm_(std::move(norm)),
      linear_(std::move(linear)) {
  for (size_t color = 0; color < kColors; ++color) {
    for (size_t value = 0; value < 256; ++value) {
      const double unit = static_cast<double>(value) / 255;
      normalised_[color][value] =
          static_cast<float>((unit - double{options.mean[color]}) / double{options.std[color]});
    }
  }
}

void Stem::AppendTo(ops::Program& program, const Buffers& buffers, float* destination) const {
  for (int first = 0; first < map_.height; first += kBandRows) {
    float* band = destination + static_cast<ptrdiff_t>(first) * map_.width * map_.channels;
    float* patches = buffers.hidden;
    program.AppendLoop(ops::OpKind::kElementwise,
                       [this, input = buffers.input, first, patches] { GatherBand(*input, first, patches); });
    if (norm_.has_value()) {
      linear_.AppendTo(program, patches, buffers.work);
      norm_->AppendTo(program, buffers.work, kBandRows * map_.width, band);
    } else {
      linear_.AppendTo(program, patches, band);
    }
  }
}

void Stem::GatherPixels(const uint8_t* rgb, int count, float* out) const {
  for (int i = 0; i < count; ++i) {
    for (const auto& normalised : normalised_) *out++ = normalised[*rgb++];
  }
}

void Stem::GatherBand(const NetworkInput& input, int first, float* patches) const {
  const ptrdiff_t plane = static_cast<ptrdiff_t>(height_) * width_;
  for (int row = first; row < first + kBandRows; ++row) {
    const int top = row * kStride - padding_;
    const TapRange rows = InsideTaps(top, kernel_, height_);
    for (int column = 0; column < map_.width; ++column, patches += kernel_ * kernel_ * kColors) {
      const int left = column * kStride - padding_;
      const TapRange columns = InsideTaps(left, kernel_, width_);
      if (rows.end - rows.begin < kernel_ || columns.end - columns.begin < kernel_) {
        std::fill_n(patches, kernel_ * kernel_ * kColors, 0.0f);
      }
      for (int y = rows.begin; y < rows.end; ++y) {
        const ptrdiff_t pixel = static_cast<ptrdiff_t>(top + y) * width_ + left + columns.begin;
        float* tap = patches + (y * kernel_ + columns.begin) * kColors;
        const int count = columns.end - columns.begin;
        if (input.rgb != nullptr) {
          GatherPixels(input.rgb + pixel * kColors, count, tap);
        } else {
          GatherPlanes(input.normalised + pixel, plane, count, tap);
        }
      }
    }
  }
}

}  // namespace edgenext::layered
