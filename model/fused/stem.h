#ifndef MODEL_FUSED_STEM_H_
#define MODEL_FUSED_STEM_H_

#include <array>
#include <cstdint>

#include "model/edgenext/network.h"
#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// From image to the first feature map, in float32: a convolution of stride 4 (4x4, or 9x9 with padding 4),
// then the norm. The normalisation of 8-bit images is folded into weights of their own, to which a tap
// outside the image is the mean color, which normalises to zero. Immutable; outlives the programs it is
// appended to.
class Stem {
 public:
  Stem(PackContext& context, const NetworkOptions& options, const MapLayout& map,
       const ConvolutionWeights& convolution, const NormWeights& norm);

  // Reads *buffers.input when the program runs.
  void AppendTo(Program& program, const Buffers& buffers, float* out) const;

 private:
  static constexpr int kStride = 4;
  static constexpr int kColors = 3;
  using Color = std::array<float, kColors>;

  // Floats of a row of the image with its padding.
  size_t RowFloats() const;
  // Row `y` of the image with its padding, as floats with colors innermost.
  void ReadRow(const NetworkInput& input, int y, float* row) const;
  void GatherPatches(const NetworkInput& input, Band band, const BandScratch& scratch) const;

  const int height_, width_;  // of the image
  const MapLayout map_;
  const int kernel_, padding_;
  const kernels::LinearKernels& kernels_;
  Color mean_color_;  // of 8-bit images
  bool layer_norm_;
  const float* scale_ = nullptr;  // of a LayerNorm, padded
  const float* shift_ = nullptr;
  kernels::PackedLinear for_rgb_, for_normalised_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_STEM_H_
