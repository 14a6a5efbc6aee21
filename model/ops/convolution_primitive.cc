#include "model/ops/convolution_primitive.h"

#include <utility>

#include "model/ops/onednn_compat.h"

namespace edgenext::ops {

absl::StatusOr<std::shared_ptr<const PackedPrimitive>> PackConvolution(
    Packer& packer, const std::string& name, const ConvolutionGeometry& geometry,
    const dnnl::primitive_attr& attributes, const TensorView& weight, const TensorView& bias) {
  using Tag = dnnl::memory::format_tag;
  constexpr auto kFloat = dnnl::memory::data_type::f32;
  const dnnl::memory::desc given_weight(geometry.weight, kFloat, geometry.weight_tag);
  const dnnl::memory::desc any_weight(geometry.weight, kFloat, Tag::any);
  const dnnl::memory::desc given_bias =
      bias.values.empty()
          ? dnnl::memory::desc()
          : dnnl::memory::desc({static_cast<dnnl::memory::dim>(bias.values.size())}, kFloat, Tag::x);
  const auto desc =
      onednn::ConvolutionDesc(CpuEngine(), geometry.source, any_weight, given_bias, geometry.destination,
                              geometry.strides, geometry.padding, attributes);

  PrimitiveParts parts{dnnl::convolution_forward(desc),
                       desc.impl_info_str(),
                       geometry.source,
                       geometry.destination,
                       desc.scratchpad_desc(),
                       {}};
  parts.constants.push_back({DNNL_ARG_WEIGHTS, given_weight, desc.weights_desc(), weight.values.data()});
  if (!bias.values.empty()) {
    parts.constants.push_back({DNNL_ARG_BIAS, given_bias, given_bias, bias.values.data()});
  }
  return PackedPrimitive::Make(packer, name, std::move(parts));
}

}  // namespace edgenext::ops
