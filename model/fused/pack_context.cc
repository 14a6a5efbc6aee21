#include "model/fused/pack_context.h"

#include <algorithm>

#include "model/kernels/maps.h"

namespace edgenext::fused {

kernels::PackedLinear PackContext::Pack(const kernels::LinearKernels& linear_kernels, const Tensor& weight,
                                        const Tensor& bias) {
  const auto outputs = static_cast<int>(weight.shape[0]);
  const auto inputs = static_cast<int>(weight.values.size() / static_cast<size_t>(outputs));
  void* packed = memory->Allocate(kernels::PackedLinearBytes(linear_kernels, inputs, outputs));
  kernels::PackLinear(linear_kernels, weight.values.data(), inputs, outputs, packed);
  return {packed, PackChannels(bias.empty() ? Tensor({outputs}).values : bias.values), inputs, outputs};
}

Macs LinearMacs(const kernels::LinearKernels& kernels, int rows, const kernels::PackedLinear& layer) {
  const double macs = 1.0 * rows * layer.inputs * layer.outputs;
  return kernels.precision == kernels::Precision::kBf16 ? Macs{0, macs} : Macs{macs, 0};
}

const float* PackContext::PackChannels(absl::Span<const float> values) {
  const auto padded = static_cast<size_t>(kernels::PaddedChannels(static_cast<int>(values.size())));
  auto* packed = static_cast<float*>(memory->Allocate(padded * sizeof(float)));  // zeroed
  std::copy(values.begin(), values.end(), packed);
  return packed;
}

}  // namespace edgenext::fused
