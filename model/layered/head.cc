#include "model/layered/head.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/ops/channels.h"

namespace edgenext::layered {

absl::StatusOr<Head> Head::Pack(PackContext& context, const MapSize& map, const NormWeights& norm,
                                const LinearWeights& linear) {
  ops::LinearSpec spec;
  spec.rows = 1;
  spec.inputs = map.channels;
  spec.outputs = context.config.classes;
  EDGENEXT_ASSIGN_OR_RETURN(ops::Linear op,
                            ops::Linear::Make(context.packer, spec, linear.weight, linear.bias));
  BufferSizes::Raise(&context.sizes.channels, static_cast<size_t>(map.channels));
  BufferSizes::Raise(&context.sizes.classes, static_cast<size_t>(spec.outputs));
  return Head(context, map, norm, std::move(op));
}

Head::Head(const PackContext& context, const MapSize& map, const NormWeights& norm, ops::Linear linear)
    : map_(map), linear_(std::move(linear)) {
  if (norm.is_batch_norm()) {
    batch_norm_ = BatchNormAffine(norm);
  } else {
    layer_norm_.emplace(norm, context.kernels);
  }
}

void Head::AppendTo(ops::Program& program, const Buffers& buffers, const float* x) const {
  float* pooled = buffers.pooled;
  program.AppendLoop(ops::OpKind::kElementwise,
                     [x, pooled, pixels = map_.tokens(), channels = map_.channels] {
                       ops::MeanOverPixels(x, pixels, channels, pooled);
                     });
  if (layer_norm_.has_value()) {
    layer_norm_->AppendTo(program, pooled, /*rows=*/1, buffers.features);
  } else {
    const float* scale = batch_norm_->scale.data();
    const float* shift = batch_norm_->shift.data();
    const int channels = map_.channels;
    const ops::MutableChannelSlice features = {buffers.features, channels};
    program.AppendLoop(ops::OpKind::kElementwise, [=] {
      ops::ScaleSlice({pooled, channels}, scale, shift, /*pixels=*/1, channels, features);
    });
  }
  linear_.AppendTo(program, buffers.features, buffers.logits);
}

}  // namespace edgenext::layered
