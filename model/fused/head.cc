#include "model/fused/head.h"

#include <algorithm>
#include <utility>

#include "model/edgenext/fold.h"

namespace edgenext::fused {

Head::Head(PackContext& context, const MapLayout& map, const NormWeights& norm, const LinearWeights& linear)
    : map_(map), kernels_(*context.kernels.linear), layer_norm_(!norm.is_batch_norm()) {
  const ChannelAffine affine = NormAffine(norm);
  scale_ = context.PackChannels(affine.scale);
  shift_ = context.PackChannels(affine.shift);
  layer_ = context.Pack(kernels_, linear.weight, linear.bias);
  BufferSizes::Raise(&context.sizes.features_floats, map.stride_floats());
  BufferSizes::Raise(&context.sizes.logits_floats,
                     static_cast<size_t>(kernels::PaddedChannels(layer_.outputs)));
}

void Head::MeanOverTokens(const float* x, float* pooled) const {
  const size_t stride = map_.stride_floats();
  std::fill_n(pooled, stride, 0.0f);
  for (int token = 0; token < map_.tokens(); ++token, x += stride) {
    for (size_t c = 0; c < stride; ++c) pooled[c] += x[c];
  }
  for (size_t c = 0; c < stride; ++c) pooled[c] /= static_cast<float>(map_.tokens());
}

void Head::AppendTo(Program& program, const Buffers& buffers, const float* x) const {
  const size_t stride = map_.stride_floats();
  float* pooled = buffers.pooled;
  float* features = buffers.features;
  Program::Step step = {1, 1, {}};
  step.ops.push_back(
      {OpKind::kElementwise, [this, x, pooled](Band, const BandScratch&) { MeanOverTokens(x, pooled); }});
  if (layer_norm_) {
    step.ops.push_back({OpKind::kLayerNorm, [=](Band, const BandScratch&) {
                          kernels_.layer_norm({pooled, stride, 1, map_.channels, kLayerNormEpsilon, scale_,
                                               shift_, features, stride, map_.stride()});
                        }});
  } else {
    step.ops.push_back({OpKind::kElementwise, [=](Band, const BandScratch&) {
                          for (size_t c = 0; c < stride; ++c) features[c] = pooled[c] * scale_[c] + shift_[c];
                        }});
  }
  program.Append(std::move(step));
  AppendLinear(program, buffers);
}

// By panels of outputs.
void Head::AppendLinear(Program& program, const Buffers& buffers) const {
  const int panels = (layer_.outputs + kernels_.panel - 1) / kernels_.panel;
  Program::Step step = {panels, panels, {}};
  step.ops.push_back({OpKind::kLinear,
                      [this, &buffers](Band band, const BandScratch&) {
                        const int first = band.first * kernels_.panel;
                        kernels::PackedLinear part = layer_;
                        part.weight = static_cast<const float*>(layer_.weight) +
                                      static_cast<size_t>(first) * static_cast<size_t>(layer_.inputs);
                        part.bias += first;
                        part.outputs = std::min(band.count * kernels_.panel, layer_.outputs - first);
                        kernels_.linear({buffers.features, map_.stride_floats(), 1, part, nullptr, 0,
                                         buffers.logits + first, 0});
                      },
                      LinearMacs(kernels_, /*rows=*/1, layer_)});
  program.Append(std::move(step));
}

}  // namespace edgenext::fused
