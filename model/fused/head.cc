#include "model/fused/head.h"

#include <algorithm>
#include <utility>

#include "model/edgenext/fold.h"

namespace edgenext::fused {
namespace {

Tensor AsTensor(const std::vector<float>& values) {
  Tensor tensor({static_cast<int64_t>(values.size())});
  tensor.values = values;
  return tensor;
}

}  // namespace

Head::Head(PackContext& context, const MapLayout& map, const NormWeights& norm, const LinearWeights& linear)
    : map_(map), kernels_(*context.kernels.linear), layer_norm_(!norm.is_batch_norm()) {
  const ChannelAffine affine = NormAffine(norm);
  scale_ = context.PackChannels(AsTensor(affine.scale));
  shift_ = context.PackChannels(AsTensor(affine.shift));
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
  Program::Step step = {1, {}};
  step.ops.push_back(
      {OpKind::kElementwise, [this, x, pooled](int, const BandScratch&) { MeanOverTokens(x, pooled); }});
  if (layer_norm_) {
    step.ops.push_back({OpKind::kLayerNorm, [=](int, const BandScratch&) {
                          kernels_.layer_norm({pooled, stride, 1, map_.channels, kLayerNormEpsilon, scale_,
                                               shift_, features, stride, map_.stride()});
                        }});
  } else {
    step.ops.push_back({OpKind::kElementwise, [=](int, const BandScratch&) {
                          for (size_t c = 0; c < stride; ++c) features[c] = pooled[c] * scale_[c] + shift_[c];
                        }});
  }
  step.ops.push_back({OpKind::kLinear, [=, logits = buffers.logits](int, const BandScratch&) {
                        kernels_.linear({features, stride, 1, layer_, nullptr, 0, logits, 0});
                      }});
  program.Append(std::move(step));
}

}  // namespace edgenext::fused
