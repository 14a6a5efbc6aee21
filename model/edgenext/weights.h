#ifndef MODEL_EDGENEXT_WEIGHTS_H_
#define MODEL_EDGENEXT_WEIGHTS_H_

#include <array>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "model/edgenext/config.h"
#include "model/tensor/tensor.h"
#include "model/weights/checkpoint.h"

namespace edgenext {

// The parameters of a network, by their place in it, float32, as in the checkpoint: nothing folded or
// reordered. An empty tensor is a parameter that the variant does not have.

struct ConvolutionWeights {
  Tensor weight;  // [out, in / groups, height, width]
  Tensor bias;    // [out] or empty
};

struct LinearWeights {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out]
};

// LayerNorm over channels, or BatchNorm when the running statistics are there.
struct NormWeights {
  Tensor weight, bias;               // [channels]
  Tensor running_mean, running_var;  // [channels], or empty for LayerNorm

  bool is_batch_norm() const { return !running_mean.empty(); }
};

// dw convolution → norm → fc1 → activation → fc2 → gamma, plus the residual.
struct ConvEncoderWeights {
  // In the first blocks of downsample_in_block variants: stride 2, and twice as many outputs as inputs.
  ConvolutionWeights depthwise;
  NormWeights norm;
  LinearWeights fc1, fc2;
  Tensor gamma;  // [channels]
};

struct SdtaEncoderWeights {
  std::vector<ConvolutionWeights> cascade;                   // 3x3 depthwise, one a chunk but the last
  absl::optional<ConvolutionWeights> positional_projection;  // 64 → channels, 1x1; in stage 1 (from 0) only
  NormWeights norm_xca;
  LinearWeights qkv, proj;
  Tensor temperature;  // [heads, 1, 1]
  Tensor gamma_xca;    // [channels]
  NormWeights norm;
  LinearWeights fc1, fc2;
  Tensor gamma;  // [channels]
};

// Norm, then a 2x2 convolution of stride 2.
struct DownsampleWeights {
  NormWeights norm;
  ConvolutionWeights convolution;
};

struct StageWeights {
  absl::optional<DownsampleWeights> downsample;  // not in stage 0, nor in downsample_in_block variants
  std::vector<ConvEncoderWeights> conv_encoders;
  absl::optional<SdtaEncoderWeights> sdta;  // not in stage 0
};

struct EdgeNextWeights {
  EdgeNextConfig config;
  ConvolutionWeights stem;
  NormWeights stem_norm;
  std::array<StageWeights, kStages> stages;
  NormWeights head_norm;
  LinearWeights head;
};

// How a checkpoint names its tensors: as the authors' code does, or as timm does.
enum class Naming { kOfficial, kTimm };

// "official", "timm"
absl::string_view NamingText(Naming naming);

struct LoadedWeights {
  EdgeNextWeights weights;
  Naming naming;
};

// Finds out from names and shapes which variant, naming and class count a checkpoint has, and reads it.
// INVALID_ARGUMENT naming every missing, unexpected and misshapen tensor at once, as
// "tensor 'stages.2.5.xca.qkv.weight' is [240, 80], expected [264, 88]", and every one with a value that is
// not finite or with a negative variance. `*.num_batches_tracked` counters are ignored.
absl::StatusOr<LoadedWeights> LoadWeights(const Checkpoint& checkpoint);

// One tensor that a variant's checkpoint must have.
struct TensorSpec {
  std::string official_name;
  std::string timm_name;  // empty where timm has no such variant
  Shape shape;
};

// Every tensor of a variant, in the checkpoint's order. For downsample_in_block variants, which the authors'
// code does not have, both names are timm's.
std::vector<TensorSpec> TensorSpecs(const EdgeNextConfig& config);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_WEIGHTS_H_
