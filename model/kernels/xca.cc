#include "model/kernels/xca.h"

#include "model/kernels/maps.h"

namespace edgenext::kernels {
namespace {

size_t Channels(const XcaShape& shape) { return static_cast<size_t>(shape.channels()); }
size_t Lanes(const XcaShape& shape) { return static_cast<size_t>(PaddedChannels(shape.channels())); }

}  // namespace

int XcaShape::channels() const { return heads * head_dim; }

size_t XcaPaddedDim(int head_dim) { return static_cast<size_t>(PaddedChannels(head_dim)); }

size_t XcaAttentionFloats(const XcaShape& shape) { return Channels(shape) * XcaPaddedDim(shape.head_dim); }

// The squares of the norms of queries and keys.
size_t XcaScoresScratchFloats(const XcaShape& shape) { return 2 * Lanes(shape); }

// Two matrices of channels by channels, a block of centred tokens, and some vectors.
size_t XcaGramScoresScratchFloats(const XcaShape& shape) {
  return (2 * Channels(shape) + kCentredTokens + 5) * Lanes(shape);
}

// A Wv, and A bv.
size_t XcaFoldScratchFloats(const XcaShape& shape) { return (Channels(shape) + 1) * Lanes(shape); }

XcaForms ShortestXcaForms(const XcaShape& shape, Precision precision) {
  const double tokens = shape.tokens, channels = shape.channels(), dim = shape.head_dim;
  const double squares = precision == Precision::kBf16 ? 1.0 : 2.0;  // of channels, a token, in the layers
  return {tokens * (squares - 0.5 + dim / channels) > 1.75 * channels + dim,
          tokens * (squares - 1.0 + dim / channels) > channels + dim};
}

}  // namespace edgenext::kernels
