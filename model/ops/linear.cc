#include "model/ops/linear.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/ops/convolution_primitive.h"
#include "model/ops/onednn_compat.h"
#include "model/ops/primitive.h"
#include "model/ops/shape_check.h"

namespace edgenext::ops {
namespace {

using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

dnnl::primitive_attr Attributes(const LinearSpec& spec) {
  dnnl::primitive_attr attributes = CommonAttributes();
  dnnl::post_ops post_ops;
  if (spec.accumulate) post_ops.append_sum(1.0f);
  if (spec.activation == Activation::kGelu) {
    onednn::AppendEltwise(post_ops, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
  } else if (spec.activation == Activation::kHardswish) {
    onednn::AppendEltwise(post_ops, dnnl::algorithm::eltwise_hardswish, 1.0f / 6, 0.5f);
  }
  attributes.set_post_ops(post_ops);
  return attributes;
}

}  // namespace

absl::StatusOr<Linear> Linear::Make(Packer& packer, const LinearSpec& spec, const TensorView& weight,
                                    const TensorView& bias) {
  const std::string name = absl::StrCat("linear ", spec.rows, "x", spec.inputs, "x", spec.outputs);
  EDGENEXT_RETURN_IF_ERROR(CheckShape(name, "weight", weight, {spec.outputs, spec.inputs}));
  EDGENEXT_RETURN_IF_ERROR(CheckBias(name, bias, spec.outputs));
  return CatchOneDnn(name, [&]() -> absl::StatusOr<Linear> {
    // A 1x1 convolution of an image of one line: with AVX-512 it is the same code as oneDNN's matmul, and
    // without faster, since matmul calls a gemm that allocates and applies the activation in a second pass.
    const dnnl::memory::desc source({1, spec.inputs, 1, spec.rows}, kFloat, Tag::nhwc);
    const dnnl::memory::desc destination({1, spec.outputs, 1, spec.rows}, kFloat, Tag::nhwc);
    const ConvolutionGeometry geometry{source,    destination,        {spec.outputs, spec.inputs, 1, 1},
                                       Tag::oihw, /*strides=*/{1, 1}, /*padding=*/{0, 0}};
    EDGENEXT_ASSIGN_OR_RETURN(auto primitive,
                              PackConvolution(packer, name, geometry, Attributes(spec), weight, bias));
    return Linear(spec, std::move(primitive));
  });
}

Linear::Linear(const LinearSpec& spec, std::shared_ptr<const PackedPrimitive> primitive)
    : spec_(spec), primitive_(std::move(primitive)) {}

void Linear::AppendTo(Program& program, const float* source, float* destination) const {
  const double macs = 1.0 * spec_.rows * spec_.inputs * spec_.outputs;
  PackedPrimitive::AppendTo(program, OpKind::kLinear, macs, primitive_, source, destination);
}

}  // namespace edgenext::ops
