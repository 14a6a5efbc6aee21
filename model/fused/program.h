#ifndef MODEL_FUSED_PROGRAM_H_
#define MODEL_FUSED_PROGRAM_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

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
// one after the other on each of its bands: rows of a map that stay in the caches meanwhile. Bands of a step
// do not depend on each other. Confined to the thread that created it.
class Program {
 public:
  struct Op {
    OpKind kind;
    std::function<void(int band, const BandScratch& scratch)> run;
  };
  struct Step {
    int bands;
    std::vector<Op> ops;
  };

  void Append(Step step) { steps_.push_back(std::move(step)); }

  // Runs steps [first, last).
  void Run(size_t first, size_t last, const BandScratch& scratch) const;

  size_t size() const { return steps_.size(); }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_PROGRAM_H_
