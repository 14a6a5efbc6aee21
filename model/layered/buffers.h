#ifndef MODEL_LAYERED_BUFFERS_H_
#define MODEL_LAYERED_BUFFERS_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "model/base/arena.h"
#include "model/executor/executor.h"

namespace edgenext::layered {

// How many floats an executor's buffers need; every block raises them while it is packed.
struct BufferSizes {
  size_t activations = 0;
  size_t work = 0;
  size_t normalised = 0;
  size_t hidden = 0;
  size_t attention = 0;
  size_t xca_scratch = 0;
  size_t channels = 0;
  size_t classes = 0;
  size_t op_scratch_bytes = 0;

  static void Raise(size_t* size, size_t needed) { *size = std::max(*size, needed); }

  size_t ArenaBytes() const;
};

// An executor's memory, shared by all blocks: they run one after the other. Views of an arena.
struct Buffers {
  Buffers(const BufferSizes& sizes, Arena& arena);

  // The image of the run, set by the executor before each run.
  const NetworkInput* input = nullptr;
  // The residual stream of even and odd stages, [tokens, channels].
  std::array<float*, 2> activations;
  // What a block computes before its MLP, and the tokens of an SDTA encoder: [tokens, channels].
  float* work;
  float* sdta;
  float* normalised;  // what LayerNorm hands to an MLP, [some tokens, channels]
  // The wide layer of an MLP, q k v of attention, patches of convolutions, chunks of a cascade.
  float* hidden;
  float* attention;  // the matrices A of XCA (model/kernels/xca.h)
  float* xca_scratch;
  float* pooled;    // [channels]
  float* features;  // [channels]
  float* logits;    // [classes]
  void* op_scratch;
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_BUFFERS_H_
