#include "model/layered/conv_encoder.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/edgenext/fold.h"
#include "model/ops/channels.h"

namespace edgenext::layered {
namespace {

ops::ConvolutionSpec DepthwiseSpec(int stage, const MapSize& map, int stride) {
  ops::ConvolutionSpec spec;
  spec.height = map.height;
  spec.width = map.width;
  spec.inputs = map.channels;
  spec.outputs = map.channels;
  spec.kernel = kDepthwiseKernel[static_cast<size_t>(stage)];
  spec.stride = stride;
  spec.padding = spec.kernel / 2;
  spec.depthwise = true;
  return spec;
}

}  // namespace

absl::StatusOr<ConvEncoder> ConvEncoder::Pack(PackContext& context, int stage, const MapSize& map,
                                              const ConvEncoderWeights& weights) {
  Tensor weight = weights.depthwise.weight, bias = weights.depthwise.bias;
  const NormWeights* norm = &weights.norm;
  if (norm->is_batch_norm()) {
    FoldIntoOutputs(BatchNormAffine(*norm), &weight, &bias);
    norm = nullptr;
  }
  EDGENEXT_ASSIGN_OR_RETURN(
      ops::Convolution depthwise,
      ops::Convolution::Make(context.packer, DepthwiseSpec(stage, map, /*stride=*/1), weight, bias));
  EDGENEXT_ASSIGN_OR_RETURN(Mlp mlp, Mlp::Pack(context, map, norm, weights.fc1, weights.fc2, weights.gamma));
  BufferSizes::Raise(&context.sizes.work, map.floats());
  return ConvEncoder(std::move(depthwise), std::move(mlp));
}

ConvEncoder::ConvEncoder(ops::Convolution depthwise, Mlp mlp)
    : depthwise_(std::move(depthwise)), mlp_(std::move(mlp)) {}

void ConvEncoder::AppendTo(ops::Program& program, const Buffers& buffers, float* x) const {
  depthwise_.AppendTo(program, x, buffers.work);
  mlp_.AppendTo(program, buffers, buffers.work, x);
}

absl::StatusOr<StridedConvEncoder> StridedConvEncoder::Pack(PackContext& context, int stage,
                                                            const MapSize& source,
                                                            const ConvEncoderWeights& weights) {
  const MapSize repeated = {source.height, source.width, context.config.dims[static_cast<size_t>(stage)]};
  const ops::ConvolutionSpec spec = DepthwiseSpec(stage, repeated, /*stride=*/2);
  EDGENEXT_ASSIGN_OR_RETURN(
      ops::Convolution depthwise,
      ops::Convolution::Make(context.packer, spec, weights.depthwise.weight, weights.depthwise.bias));
  const MapSize map = {spec.OutputHeight(), spec.OutputWidth(), repeated.channels};
  EDGENEXT_ASSIGN_OR_RETURN(Mlp mlp,
                            Mlp::Pack(context, map, &weights.norm, weights.fc1, weights.fc2, weights.gamma));
  BufferSizes::Raise(&context.sizes.hidden, repeated.floats());
  BufferSizes::Raise(&context.sizes.activations, map.floats());
  return StridedConvEncoder(source.channels, std::move(depthwise), std::move(mlp));
}

StridedConvEncoder::StridedConvEncoder(int source_channels, ops::Convolution depthwise, Mlp mlp)
    : source_channels_(source_channels), depthwise_(std::move(depthwise)), mlp_(std::move(mlp)) {}

void StridedConvEncoder::AppendTo(ops::Program& program, const Buffers& buffers, const float* source,
                                  float* destination) const {
  const ops::ConvolutionSpec& spec = depthwise_.spec();
  const int times = spec.inputs / source_channels_;
  program.AppendLoop(
      ops::OpKind::kElementwise,
      [source, pixels = spec.height * spec.width, channels = source_channels_, times,
       repeated = buffers.hidden] { ops::RepeatChannels(source, pixels, channels, times, repeated); });
  depthwise_.AppendTo(program, buffers.hidden, destination);
  mlp_.AppendTo(program, buffers, destination, destination);
}

}  // namespace edgenext::layered
