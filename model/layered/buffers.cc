#include "model/layered/buffers.h"

namespace edgenext::layered {

size_t BufferSizes::ArenaBytes() const {
  const auto bytes = [](size_t floats) { return Arena::Aligned(floats * sizeof(float)); };
  return 2 * bytes(activations) + 2 * bytes(work) + bytes(normalised) + bytes(hidden) + bytes(attention) +
         bytes(xca_scratch) + 2 * bytes(channels) + bytes(classes) + Arena::Aligned(op_scratch_bytes);
}

Buffers::Buffers(const BufferSizes& sizes, Arena& arena)
    : activations{arena.Allocate<float>(sizes.activations), arena.Allocate<float>(sizes.activations)},
      work(arena.Allocate<float>(sizes.work)),
      sdta(arena.Allocate<float>(sizes.work)),
      normalised(arena.Allocate<float>(sizes.normalised)),
      hidden(arena.Allocate<float>(sizes.hidden)),
      attention(arena.Allocate<float>(sizes.attention)),
      xca_scratch(arena.Allocate<float>(sizes.xca_scratch)),
      pooled(arena.Allocate<float>(sizes.channels)),
      features(arena.Allocate<float>(sizes.channels)),
      logits(arena.Allocate<float>(sizes.classes)),
      op_scratch(arena.AllocateBytes(sizes.op_scratch_bytes)) {}

}  // namespace edgenext::layered
