#ifndef MODEL_OPS_CONVOLUTION_PRIMITIVE_H_
#define MODEL_OPS_CONVOLUTION_PRIMITIVE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/ops/primitive.h"
#include "model/tensor/tensor.h"

// The room's own header over oneDNN's types: only sources of model/ops include it.
namespace edgenext::ops {

// The shape of a oneDNN convolution, grouped or not.
struct ConvolutionGeometry {
  dnnl::memory::desc source, destination;
  dnnl::memory::dims weight;            // as `weight_tag` orders them
  dnnl::memory::format_tag weight_tag;  // of the weights as given
  dnnl::memory::dims strides, padding;
};

// A convolution with `weight` and `bias` packed; without a bias where that is empty. The caller has checked
// their shapes. Throws dnnl::error.
absl::StatusOr<std::shared_ptr<const PackedPrimitive>> PackConvolution(
    Packer& packer, const std::string& name, const ConvolutionGeometry& geometry,
    const dnnl::primitive_attr& attributes, const TensorView& weight, const TensorView& bias);

}  // namespace edgenext::ops

#endif  // MODEL_OPS_CONVOLUTION_PRIMITIVE_H_
