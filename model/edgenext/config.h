#ifndef MODEL_EDGENEXT_CONFIG_H_
#define MODEL_EDGENEXT_CONFIG_H_

#include <array>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace edgenext {

inline constexpr int kStages = 4;

// The architecture of one variant: Maaz et al., "EdgeNeXt", tables 1 and 2, as the authors' and timm's code
// build it. A value type.
struct EdgeNextConfig {
  std::string variant;              // "edgenext_small"
  std::array<int, kStages> dims;    // channels
  std::array<int, kStages> depths;  // blocks; in stages 1 to 3 (from 0) the last one is an SDTA encoder
  std::array<int, kStages> heads;   // of XCA; [0] is unused
  std::array<int, kStages> scales;  // chunks of the channels in the SDTA cascade; [0] is unused
  // The *_bn_hs variants: BatchNorm and Hard-Swish for LayerNorm and GELU.
  bool batch_norm_hardswish = false;
  // small_rw: 9x9 overlapping stem, strided depthwise blocks, no bias in convolutions.
  bool downsample_in_block = false;
  int classes = 1000;

  // Width of a chunk; the last chunk may be narrower.
  int ChunkWidth(int stage) const {
    const auto s = static_cast<size_t>(stage);
    return (dims[s] + scales[s] - 1) / scales[s];
  }
};

// Side of the depthwise kernels, by stage.
inline constexpr std::array<int, kStages> kDepthwiseKernel = {3, 5, 7, 9};
// The hidden layer of an MLP is this many times as wide as its input.
inline constexpr int kExpansion = 4;

// Every variant that is supported, with 1000 classes.
absl::Span<const EdgeNextConfig> AllConfigs();
// Their names, for messages: "edgenext_xx_small, …".
std::string VariantWords();
// Null for an unknown name.
const EdgeNextConfig* FindConfig(absl::string_view variant);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_CONFIG_H_
