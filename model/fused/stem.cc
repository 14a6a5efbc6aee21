#include "model/fused/stem.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/edgenext/fold.h"

namespace edgenext::fused {
namespace {

// Of 8-bit values: (v / 255 - mean) / std.
ChannelAffine Normalisation(const NetworkOptions& options) {
  ChannelAffine affine;
  for (size_t color = 0; color < options.mean.size(); ++color) {
    const double deviation = options.std[color];
    affine.scale.push_back(static_cast<float>(1.0 / (255.0 * deviation)));
    affine.shift.push_back(static_cast<float>(-double{options.mean[color]} / deviation));
  }
  return affine;
}

// A row of the patches of one map row, [width, patch], is copied from an image row, in which neighbouring
// patches are `step` floats apart.
template <size_t kFloats>
void ScatterRow(const float* row, size_t step, size_t width, float* patches, size_t patch) {
  for (size_t x = 0; x < width; ++x, row += step, patches += patch) {
    std::memcpy(patches, row, kFloats * sizeof(float));
  }
}

}  // namespace

Stem::Stem(PackContext& context, const NetworkOptions& options, const MapLayout& map,
           const ConvolutionWeights& convolution, const NormWeights& norm)
    : height_(options.height),
      width_(options.width),
      map_(map),
      kernel_(static_cast<int>(convolution.weight.shape[2])),
      padding_(kernel_ > kStride ? kernel_ / 2 : 0),
      kernels_(*context.kernels.linear),
      layer_norm_(!norm.is_batch_norm()) {
  Tensor weight = convolution.weight, bias = convolution.bias;
  if (layer_norm_) {
    scale_ = context.PackChannels(norm.weight.values);
    shift_ = context.PackChannels(norm.bias.values);
  } else {
    FoldIntoOutputs(BatchNormAffine(norm), &weight, &bias);
  }
  for_normalised_ = context.Pack(kernels_, ChannelsInnermost(weight), bias);
  FoldIntoInputs(Normalisation(options), &weight, &bias);
  for_rgb_ = context.Pack(kernels_, ChannelsInnermost(weight), bias);
  for (size_t color = 0; color < mean_color_.size(); ++color)
    mean_color_[color] = 255.0f * options.mean[color];

  BufferSizes::Raise(&context.sizes.map_floats, map.floats());
  BufferSizes::Raise(&context.sizes.band_rows_floats, RowFloats());
  BufferSizes::Raise(&context.sizes.band_factors_bytes,
                     map.MaxBandTokens() * static_cast<size_t>(for_rgb_.inputs) * sizeof(float));
}

size_t Stem::RowFloats() const { return static_cast<size_t>(width_ + 2 * padding_) * kColors; }

void Stem::ReadRow(const NetworkInput& input, int y, float* row) const {
  const auto width = static_cast<size_t>(width_);
  const Color outside = input.rgb != nullptr ? mean_color_ : Color{};
  const auto fill = [&outside, &row](size_t pixels) {
    for (size_t i = 0; i < pixels; ++i) row = std::copy(outside.begin(), outside.end(), row);
  };
  const auto padding = static_cast<size_t>(padding_);
  if (y < 0 || y >= height_) return fill(width + 2 * padding);
  fill(padding);
  const size_t first = static_cast<size_t>(y) * width;
  if (input.rgb != nullptr) {
    const uint8_t* rgb = input.rgb + first * kColors;
    for (size_t i = 0; i < width * kColors; ++i) row[i] = static_cast<float>(rgb[i]);
  } else {
    const size_t plane = static_cast<size_t>(height_) * width;
    for (size_t color = 0; color < kColors; ++color) {
      const float* values = input.normalised + color * plane + first;
      for (size_t x = 0; x < width; ++x) row[x * kColors + color] = values[x];
    }
  }
  row += width * kColors;
  fill(padding);
}

void Stem::GatherPatches(const NetworkInput& input, Band band, const BandScratch& scratch) const {
  const auto patch = static_cast<size_t>(for_rgb_.inputs);
  const auto width = static_cast<size_t>(map_.width);
  constexpr size_t kStep = kStride * kColors;
  auto* patches = static_cast<float*>(scratch.factors);
  for (int row = band.first; row < band.first + band.count; ++row) {
    float* at = patches;
    for (int tap = 0; tap < kernel_; ++tap, at += kernel_ * kColors) {
      ReadRow(input, row * kStride - padding_ + tap, scratch.rows);
      if (kernel_ == kStride) {
        ScatterRow<kStep>(scratch.rows, kStep, width, at, patch);
      } else {
        ScatterRow<9 * kColors>(scratch.rows, kStep, width, at, patch);
      }
    }
    patches += width * patch;
  }
}

void Stem::AppendTo(Program& program, const Buffers& buffers, float* out) const {
  const NetworkInput* input = buffers.input;
  const size_t stride = map_.stride_floats();
  Program::Step step = Program::Over(map_);
  step.ops.push_back({OpKind::kGather, [this, input](Band band, const BandScratch& scratch) {
                        GatherPatches(*input, band, scratch);
                      }});
  step.ops.push_back(
      {OpKind::kLinear,
       [=](Band band, const BandScratch& scratch) {
         const kernels::PackedLinear& layer = input->rgb != nullptr ? for_rgb_ : for_normalised_;
         kernels_.linear({scratch.factors, static_cast<size_t>(layer.inputs), map_.Tokens(band), layer,
                          nullptr, 0, out + map_.Offset(band), stride});
       },
       LinearMacs(kernels_, map_.tokens(), for_rgb_)});
  if (layer_norm_) {
    step.ops.push_back({OpKind::kLayerNorm, [=](Band band, const BandScratch&) {
                          float* rows = out + map_.Offset(band);
                          kernels_.layer_norm({rows, stride, map_.Tokens(band), map_.channels,
                                               kLayerNormEpsilon, scale_, shift_, rows, stride,
                                               map_.stride()});
                        }});
  }
  program.Append(std::move(step));
}

}  // namespace edgenext::fused
