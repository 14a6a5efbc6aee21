#ifndef MODEL_FUSED_PACK_CONTEXT_H_
#define MODEL_FUSED_PACK_CONTEXT_H_

#include <memory>

#include "absl/types/span.h"
#include "model/base/packed_memory.h"
#include "model/edgenext/config.h"
#include "model/edgenext/macs.h"
#include "model/fused/buffers.h"
#include "model/kernels/kernels.h"
#include "model/tensor/tensor.h"

namespace edgenext::fused {

// What blocks share while a network is packed.
struct PackContext {
  const EdgeNextConfig& config;
  const kernels::KernelTable& kernels;
  const kernels::LinearKernels& linear;  // in the precision of the network; kernels.linear is float32
  std::shared_ptr<PackedMemory> memory;
  BufferSizes sizes;

  // Weights [outputs, …] and bias [outputs], or empty for none, packed for `linear`.
  kernels::PackedLinear Pack(const kernels::LinearKernels& linear_kernels, const Tensor& weight,
                             const Tensor& bias);
  // [channels] values, padded with zeros to whole vectors.
  const float* PackChannels(absl::Span<const float> values);
};

// Of a layer over so many rows.
Macs LinearMacs(const kernels::LinearKernels& kernels, int rows, const kernels::PackedLinear& layer);

// LayerNorm's epsilon in every variant.
inline constexpr float kLayerNormEpsilon = 1e-6f;

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_PACK_CONTEXT_H_
