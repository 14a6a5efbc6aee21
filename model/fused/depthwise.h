#ifndef MODEL_FUSED_DEPTHWISE_H_
#define MODEL_FUSED_DEPTHWISE_H_

#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"
#include "model/tensor/tensor.h"

namespace edgenext::fused {

// A depthwise convolution with its weights packed. Immutable; outlives the programs it is appended to.
class Depthwise {
 public:
  // `source` is the map it reads; `channels` are those of what it makes.
  Depthwise(PackContext& context, const MapLayout& source, int channels, int kernel, int stride,
            const Tensor& weight, const Tensor& bias);

  // What the kernel is called with for rows [first_row, first_row + rows) of the result, at `out`; `in`,
  // `out` and their strides are the caller's to set, as is what may be added.
  kernels::DepthwiseArguments Arguments(int first_row, int rows) const;
  // For so many tokens of the result, as if none were at the border.
  Macs TokenMacs(int tokens) const { return {1.0 * tokens * channels_ * kernel_ * kernel_, 0}; }
  void Run(const kernels::DepthwiseArguments& arguments) const { run_(arguments); }

 private:
  const MapLayout source_;
  const int channels_, kernel_, stride_;
  void (*const run_)(const kernels::DepthwiseArguments& arguments);
  const float* weight_;
  const float* bias_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_DEPTHWISE_H_
