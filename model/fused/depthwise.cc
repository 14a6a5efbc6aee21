#include "model/fused/depthwise.h"

namespace edgenext::fused {

Depthwise::Depthwise(PackContext& context, const MapLayout& source, int channels, int kernel, int stride,
                     const Tensor& weight, const Tensor& bias)
    : source_(source),
      channels_(channels),
      kernel_(kernel),
      stride_(stride),
      run_(context.kernels.depthwise),
      bias_(context.PackChannels(bias.empty() ? Tensor({channels}).values : bias.values)) {
  auto* packed = static_cast<float*>(
      context.memory->Allocate(kernels::PackedDepthwiseFloats(channels, kernel) * sizeof(float)));
  kernels::PackDepthwise(weight.values.data(), channels, kernel, packed);
  weight_ = packed;
}

kernels::DepthwiseArguments Depthwise::Arguments(int first_row, int rows) const {
  kernels::DepthwiseArguments arguments = {};
  arguments.weight = weight_;
  arguments.bias = bias_;
  arguments.height = source_.height;
  arguments.width = source_.width;
  arguments.channels = channels_;
  arguments.kernel = kernel_;
  arguments.stride = stride_;
  arguments.first_row = first_row;
  arguments.rows = rows;
  return arguments;
}

}  // namespace edgenext::fused
