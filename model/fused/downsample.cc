#include "model/fused/downsample.h"

#include <utility>

#include "model/edgenext/fold.h"

namespace edgenext::fused {
namespace {

constexpr size_t kSide = 2;

}  // namespace

Downsample::Downsample(PackContext& context, const kernels::LinearKernels& linear, const MapLayout& source,
                       const MapLayout& map, const DownsampleWeights& weights)
    : source_(source), map_(map), kernels_(linear), layer_norm_(!weights.norm.is_batch_norm()) {
  Tensor weight = weights.convolution.weight, bias = weights.convolution.bias;
  FoldIntoInputs(NormAffine(weights.norm), &weight, &bias);
  layer_ = context.Pack(kernels_, ChannelsInnermost(weight), bias);
  BufferSizes::Raise(&context.sizes.band_factors_bytes,
                     map.MaxBandTokens() * static_cast<size_t>(layer_.inputs) * kernels_.factor_bytes);
}

void Downsample::GatherPatches(Band band, const float* x, const BandScratch& scratch) const {
  const auto channels = static_cast<size_t>(source_.channels);
  const auto patch = static_cast<size_t>(layer_.inputs);
  const size_t stride = source_.stride_floats();
  const auto width = static_cast<size_t>(map_.width);
  for (int row = 0; row < band.count; ++row) {
    const size_t first_patch = static_cast<size_t>(row) * width;
    const size_t top = kSide * static_cast<size_t>(band.first + row);
    for (size_t y = 0; y < kSide; ++y) {
      const float* pixels = x + (top + y) * static_cast<size_t>(source_.width) * stride;
      for (size_t column = 0; column < kSide; ++column) {
        const size_t at = first_patch * patch + (y * kSide + column) * channels;
        void* out = static_cast<char*>(scratch.factors) + at * kernels_.factor_bytes;
        const float* in = pixels + column * stride;
        if (layer_norm_) {
          kernels_.layer_norm({in, kSide * stride, map_.width, source_.channels, kLayerNormEpsilon, nullptr,
                               nullptr, out, patch, source_.channels});
        } else {
          kernels_.convert({in, kSide * stride, map_.width, source_.channels, out, patch, source_.channels});
        }
      }
    }
  }
}

void Downsample::AppendTo(Program& program, const float* x, float* out) const {
  Program::Step step = Program::Over(map_);
  step.ops.push_back({layer_norm_ ? OpKind::kLayerNorm : OpKind::kGather,
                      [this, x](Band band, const BandScratch& scratch) { GatherPatches(band, x, scratch); }});
  step.ops.push_back({OpKind::kLinear,
                      [this, out](Band band, const BandScratch& scratch) {
                        kernels_.linear({scratch.factors, static_cast<size_t>(layer_.inputs),
                                         map_.Tokens(band), layer_, nullptr, 0, out + map_.Offset(band),
                                         map_.stride_floats()});
                      },
                      LinearMacs(kernels_, map_.tokens(), layer_)});
  program.Append(std::move(step));
}

}  // namespace edgenext::fused
