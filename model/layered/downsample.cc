#include "model/layered/downsample.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/edgenext/fold.h"

namespace edgenext::layered {

absl::StatusOr<Downsample> Downsample::Pack(PackContext& context, const MapSize& source, int channels,
                                            const DownsampleWeights& weights) {
  Tensor weight = weights.convolution.weight, bias = weights.convolution.bias;
  absl::optional<LayerNorm> norm;
  if (weights.norm.is_batch_norm()) {
    FoldIntoInputs(BatchNormAffine(weights.norm), &weight, &bias);
  } else {
    norm.emplace(weights.norm, context.kernels);
  }
  ops::ConvolutionSpec spec;
  spec.height = source.height;
  spec.width = source.width;
  spec.inputs = source.channels;
  spec.outputs = channels;
  spec.kernel = 2;
  spec.stride = 2;
  EDGENEXT_ASSIGN_OR_RETURN(ops::Convolution convolution,
                            ops::Convolution::Make(context.packer, spec, weight, bias));
  const MapSize map = {spec.OutputHeight(), spec.OutputWidth(), channels};
  BufferSizes::Raise(&context.sizes.activations, map.floats());
  BufferSizes::Raise(&context.sizes.work, source.floats());
  return Downsample(std::move(norm), std::move(convolution));
}

Downsample::Downsample(absl::optional<LayerNorm> norm, ops::Convolution convolution)
    : norm_(std::move(norm)), convolution_(std::move(convolution)) {}

void Downsample::AppendTo(ops::Program& program, const Buffers& buffers, const float* source,
                          float* destination) const {
  const ops::ConvolutionSpec& spec = convolution_.spec();
  if (norm_.has_value()) {
    norm_->AppendTo(program, source, spec.height * spec.width, buffers.work);
    source = buffers.work;
  }
  convolution_.AppendTo(program, source, destination);
}

}  // namespace edgenext::layered
