#ifndef MODEL_FUSED_PROGRAM_H_
#define MODEL_FUSED_PROGRAM_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "model/base/thread_team.h"
#include "model/edgenext/macs.h"
#include "model/fused/barrier.h"
#include "model/fused/map_layout.h"

namespace edgenext::fused {

// What an op does, for profiles.
enum class OpKind { kGather, kDepthwise, kLayerNorm, kLinear, kMlp, kXca, kElementwise };
inline constexpr int kOpKinds = 7;

const char* OpKindName(OpKind kind);

// Memory in which ops hand rows of a band to each other. Views of an arena; sizes in BufferSizes.
struct BandScratch {
  float* rows;    // of a map: [tokens of the band, padded channels]
  void* factors;  // rows as the linear kernels read them
  void* mlp;      // of the MLP kernel
};

// The steps that run an image, in order, each with its memory bound when it was appended. A step runs its ops
// one after the other on each of its bands, which stay in the caches meanwhile. Bands of a step do not depend
// on each other, and what is computed of a row does not depend on the band it is in: so threads may share a
// step in any way, and the results are the same to the bit. Run by one team of threads at a time.
class Program {
 public:
  struct Op {
    OpKind kind;
    std::function<void(Band band, const BandScratch& scratch)> run;
    Macs macs = {};  // of the whole step; what a faster way of computing saves still counts
  };
  struct Step {
    int rows;       // in all
    int band_rows;  // of a band at most
    std::vector<Op> ops;

    // Calls run(band) for the bands of one of so many threads: neighbouring rows, about the same number for
    // each, and the same ones in every step over a map.
    template <typename Run>
    void ForEachBand(int thread, int threads, Run run) const {
      const auto first_row = [&](int t) { return (rows * t + threads - 1) / threads; };
      const int end = first_row(thread + 1);
      for (int first = first_row(thread); first < end; first += band_rows) {
        run(Band{first, std::min(band_rows, end - first)});
      }
    }
  };

  // A step over a map, without ops.
  static Step Over(const MapLayout& map) { return {map.height, map.band_rows(), {}}; }

  void Append(Step step) { steps_.push_back(std::move(step)); }

  // Runs steps [first, last) on threads of `team`, at most as many as there are `scratch`, one for each.
  void Run(size_t first, size_t last, ThreadTeam& team, const std::vector<BandScratch>& scratch);

  size_t size() const { return steps_.size(); }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
  Barrier barrier_;  // between steps
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_PROGRAM_H_
