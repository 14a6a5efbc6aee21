#include "model/ops/convolution.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/ops/convolution_primitive.h"
#include "model/ops/primitive.h"
#include "model/ops/shape_check.h"

namespace edgenext::ops {
namespace {

using Tag = dnnl::memory::format_tag;
using Dims = dnnl::memory::dims;
constexpr auto kFloat = dnnl::memory::data_type::f32;

std::string Name(const ConvolutionSpec& spec) {
  return absl::StrCat(spec.depthwise ? "depthwise " : "convolution ", spec.height, "x", spec.width, "x",
                      spec.inputs, " to ", spec.outputs, " channels, kernel ", spec.kernel, ", stride ",
                      spec.stride);
}

}  // namespace

absl::StatusOr<Convolution> Convolution::Make(Packer& packer, const ConvolutionSpec& spec,
                                              const TensorView& weight, const TensorView& bias) {
  const std::string name = Name(spec);
  if (spec.depthwise && spec.inputs != spec.outputs) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": a depthwise convolution has as many outputs as inputs"));
  }
  const int k = spec.kernel;
  EDGENEXT_RETURN_IF_ERROR(
      CheckShape(name, "weight", weight, {spec.outputs, spec.depthwise ? 1 : spec.inputs, k, k}));
  EDGENEXT_RETURN_IF_ERROR(CheckBias(name, bias, spec.outputs));
  return CatchOneDnn(name, [&]() -> absl::StatusOr<Convolution> {
    const dnnl::memory::desc source({1, spec.inputs, spec.height, spec.width}, kFloat, Tag::nhwc);
    const dnnl::memory::desc destination({1, spec.outputs, spec.OutputHeight(), spec.OutputWidth()}, kFloat,
                                         Tag::nhwc);
    const Dims weight_dims =
        spec.depthwise ? Dims{spec.outputs, 1, 1, k, k} : Dims{spec.outputs, spec.inputs, k, k};
    const ConvolutionGeometry geometry{source,
                                       destination,
                                       weight_dims,
                                       spec.depthwise ? Tag::goihw : Tag::oihw,
                                       {spec.stride, spec.stride},
                                       {spec.padding, spec.padding}};
    EDGENEXT_ASSIGN_OR_RETURN(auto primitive,
                              PackConvolution(packer, name, geometry, CommonAttributes(), weight, bias));
    return Convolution(spec, std::move(primitive));
  });
}

Convolution::Convolution(const ConvolutionSpec& spec, std::shared_ptr<const PackedPrimitive> primitive)
    : spec_(spec), primitive_(std::move(primitive)) {}

void Convolution::AppendTo(Program& program, const float* source, float* destination) const {
  const double taps = 1.0 * spec_.kernel * spec_.kernel * (spec_.depthwise ? 1 : spec_.inputs);
  const double macs = taps * spec_.OutputHeight() * spec_.OutputWidth() * spec_.outputs;
  PackedPrimitive::AppendTo(program, spec_.depthwise ? OpKind::kDepthwise : OpKind::kConvolution, macs,
                            primitive_, source, destination);
}

}  // namespace edgenext::ops
