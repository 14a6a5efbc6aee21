#ifndef MODEL_LAYERED_STEM_H_
#define MODEL_LAYERED_STEM_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "model/edgenext/network.h"
#include "model/layered/layer_norm.h"
#include "model/layered/pack_context.h"
#include "model/ops/linear.h"

namespace edgenext::layered {

// From image to the first feature map: a convolution of stride 4 (4x4, or 9x9 with padding 4), then the norm.
// Its patches are gathered a few rows of the map at a time and multiplied as a matrix. The 8-bit image is
// normalised on the way, by table; taps outside the image are zero after normalisation. Immutable; outlives
// the programs it is appended to.
class Stem {
 public:
  static absl::StatusOr<Stem> Pack(PackContext& context, const NetworkOptions& options,
                                   const ConvolutionWeights& convolution, const NormWeights& norm);

  // Reads *buffers.input when the program runs.
  void AppendTo(ops::Program& program, const Buffers& buffers, float* destination) const;

  // What the stem computes: [height / 4, width / 4, channels].
  const MapSize& map() const { return map_; }

 private:
  Stem(const NetworkOptions& options, const MapSize& map, int kernel, absl::optional<LayerNorm> norm,
       ops::Linear linear);

  // Writes the patches of map rows [first, first + kBandRows), [.., width, kernel, kernel, 3].
  void GatherBand(const NetworkInput& input, int first, float* patches) const;
  // Neighbouring pixels of an 8-bit image, normalised.
  void GatherPixels(const uint8_t* rgb, int count, float* out) const;

  int height_;
  int width_;
  MapSize map_;
  int kernel_;
  int padding_;
  absl::optional<LayerNorm> norm_;
  ops::Linear linear_;
  std::array<std::array<float, 256>, 3> normalised_;  // by channel and 8-bit value
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_STEM_H_
