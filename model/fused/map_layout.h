#ifndef MODEL_FUSED_MAP_LAYOUT_H_
#define MODEL_FUSED_MAP_LAYOUT_H_

#include <algorithm>
#include <cstddef>

#include "model/kernels/maps.h"

namespace edgenext::fused {

// Rows [first, first + count) of a map, or of whatever else a step is divided into.
struct Band {
  int first;
  int count;
};

// A feature map as the kernels lay it out (kernels/maps.h), and how much of it is worked on at a time: bands
// of as many rows as have about kBandTokens tokens, so that what a block computes from a band is still in the
// caches for its next op.
struct MapLayout {
  static constexpr int kBandTokens = 64;

  int height = 0;
  int width = 0;
  int channels = 0;

  int tokens() const { return height * width; }
  int stride() const { return kernels::PaddedChannels(channels); }
  size_t stride_floats() const { return static_cast<size_t>(stride()); }
  size_t floats() const { return static_cast<size_t>(tokens()) * stride_floats(); }

  // Of a band at most.
  int band_rows() const { return std::min(height, std::max(1, kBandTokens / width)); }
  size_t MaxBandTokens() const { return static_cast<size_t>(band_rows()) * static_cast<size_t>(width); }

  int Tokens(Band band) const { return band.count * width; }
  size_t FirstToken(Band band) const { return static_cast<size_t>(band.first) * static_cast<size_t>(width); }
  // Of the first value of a band.
  size_t Offset(Band band) const { return FirstToken(band) * stride_floats(); }
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_MAP_LAYOUT_H_
