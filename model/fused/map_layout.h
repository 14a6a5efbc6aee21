#ifndef MODEL_FUSED_MAP_LAYOUT_H_
#define MODEL_FUSED_MAP_LAYOUT_H_

#include <algorithm>
#include <cstddef>

#include "model/kernels/maps.h"

namespace edgenext::fused {

// A feature map as the kernels lay it out (kernels/maps.h), and its division into bands: as many rows as have
// about kBandTokens tokens, so that what a block computes from a band is still in the caches for its next op.
struct MapLayout {
  static constexpr int kBandTokens = 64;

  int height = 0;
  int width = 0;
  int channels = 0;

  int tokens() const { return height * width; }
  int stride() const { return kernels::PaddedChannels(channels); }
  size_t stride_floats() const { return static_cast<size_t>(stride()); }
  size_t floats() const { return static_cast<size_t>(tokens()) * stride_floats(); }

  int band_rows() const { return std::min(height, std::max(1, kBandTokens / width)); }
  int bands() const { return (height + band_rows() - 1) / band_rows(); }
  int FirstRow(int band) const { return band * band_rows(); }
  int Rows(int band) const { return std::min(band_rows(), height - FirstRow(band)); }
  int Tokens(int band) const { return Rows(band) * width; }
  size_t FirstToken(int band) const {
    return static_cast<size_t>(FirstRow(band)) * static_cast<size_t>(width);
  }
  // Of the first value of a band.
  size_t Offset(int band) const { return FirstToken(band) * stride_floats(); }
  size_t MaxBandTokens() const { return static_cast<size_t>(band_rows()) * static_cast<size_t>(width); }
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_MAP_LAYOUT_H_
