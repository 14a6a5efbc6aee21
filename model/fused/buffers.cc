#include "model/fused/buffers.h"

namespace edgenext::fused {

size_t BufferSizes::ArenaBytes(int threads) const {
  const auto bytes = [](size_t floats) { return Arena::Aligned(floats * sizeof(float)); };
  const size_t band =
      bytes(band_rows_floats) + Arena::Aligned(band_factors_bytes) + Arena::Aligned(band_mlp_bytes);
  return 4 * bytes(map_floats) + bytes(wide_floats) + bytes(attention_floats) +
         bytes(attention_scratch_floats) + bytes(folded_floats) + bytes(folded_bias_floats) +
         2 * bytes(features_floats) + bytes(logits_floats) + static_cast<size_t>(threads) * band;
}

Buffers::Buffers(const BufferSizes& sizes, int threads, Arena& arena)
    : maps{arena.Allocate<float>(sizes.map_floats), arena.Allocate<float>(sizes.map_floats)},
      tokens(arena.Allocate<float>(sizes.map_floats)),
      normalised(arena.Allocate<float>(sizes.map_floats)),
      wide(arena.Allocate<float>(sizes.wide_floats)),
      attention(arena.Allocate<float>(sizes.attention_floats)),
      attention_scratch(arena.Allocate<float>(sizes.attention_scratch_floats)),
      folded(arena.Allocate<float>(sizes.folded_floats)),
      folded_bias(arena.Allocate<float>(sizes.folded_bias_floats)),
      pooled(arena.Allocate<float>(sizes.features_floats)),
      features(arena.Allocate<float>(sizes.features_floats)),
      logits(arena.Allocate<float>(sizes.logits_floats)) {
  for (int thread = 0; thread < threads; ++thread) {
    scratch.push_back({arena.Allocate<float>(sizes.band_rows_floats),
                       arena.AllocateBytes(sizes.band_factors_bytes),
                       arena.AllocateBytes(sizes.band_mlp_bytes)});
  }
}

}  // namespace edgenext::fused
