#ifndef MODEL_FUSED_BUFFERS_H_
#define MODEL_FUSED_BUFFERS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "model/base/arena.h"
#include "model/executor/executor.h"
#include "model/fused/program.h"

namespace edgenext::fused {

// How much an executor's buffers hold; every block raises them while it is packed.
struct BufferSizes {
  size_t map_floats = 0;
  size_t wide_floats = 0;
  size_t attention_floats = 0;
  size_t attention_scratch_floats = 0;
  size_t folded_floats = 0;
  size_t folded_bias_floats = 0;
  size_t features_floats = 0;
  size_t logits_floats = 0;
  size_t band_rows_floats = 0;
  size_t band_factors_bytes = 0;
  size_t band_mlp_bytes = 0;

  static void Raise(size_t* size, size_t needed) { *size = std::max(*size, needed); }

  // Of an executor with so many threads.
  size_t ArenaBytes(int threads) const;
};

// An executor's memory, shared by all blocks: they run one after the other. Views of an arena.
struct Buffers {
  Buffers(const BufferSizes& sizes, int threads, Arena& arena);

  // The image of a run. Set before blocks are appended, which keep the pointer; what is there, before a run.
  const NetworkInput* input = nullptr;
  // The residual stream: blocks read one and write the other.
  std::array<float*, 2> maps;
  // Of SDTA encoders: the tokens, and these normalised or what attention makes of them. Both are maps.
  float* tokens;
  float* normalised;
  float* wide;  // q, k and v, or some of them: [tokens, their channels, padded]
  float* attention;
  float* attention_scratch;
  float* folded;  // a projection with attention and values folded in
  float* folded_bias;
  float* pooled;
  float* features;
  float* logits;
  std::vector<BandScratch> scratch;  // one for each thread
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_BUFFERS_H_
