#ifndef MODEL_KERNELS_XCA_SCORES_VECTOR_H_
#define MODEL_KERNELS_XCA_SCORES_VECTOR_H_

#include <cstddef>

#include "model/kernels/small_matmul.h"
#include "model/kernels/xca.h"
#include "model/kernels/xca_softmax_vector.h"

namespace edgenext::kernels {
namespace {

// XcaScoresArguments for a vector type `V`. The tokens are taken a block at a time with all heads inside: the
// heads share cache lines, and sums over a block, added up afterwards, lose less than one long sum.
template <typename V>
class VectorXcaScores {
 public:
  explicit VectorXcaScores(const XcaScoresArguments& arguments)
      : arguments_(arguments),
        tokens_(static_cast<size_t>(arguments.shape.tokens)),
        heads_(static_cast<size_t>(arguments.shape.heads)),
        dim_(static_cast<size_t>(arguments.shape.head_dim)),
        channels_(heads_ * dim_),
        padded_dim_(XcaPaddedDim(arguments.shape.head_dim)),
        query_squares_(arguments.scratch),
        key_squares_(arguments.scratch + channels_) {}

  void Run() const {
    for (size_t i = 0; i < 2 * channels_; ++i) arguments_.scratch[i] = 0.0f;
    for (size_t i = 0; i < channels_ * padded_dim_; ++i) arguments_.attention[i] = 0.0f;
    for (size_t t = 0; t < tokens_; t += kTokenBlock) {
      AddBlock(t * arguments_.token_stride, tokens_ - t < kTokenBlock ? tokens_ - t : kTokenBlock);
    }
    XcaSoftmax<V>::Run(arguments_.shape, arguments_.temperature, query_squares_, key_squares_,
                       arguments_.attention);
  }

 private:
  using Register = typename V::Register;

  static constexpr size_t kTokenBlock = 64;

  void AddBlock(size_t offset, size_t tokens) const {
    const float* query = arguments_.query + offset;
    const float* key = arguments_.key + offset;
    AddSquares(query, tokens, query_squares_);
    AddSquares(key, tokens, key_squares_);
    for (size_t h = 0; h < heads_; ++h) {
      float* attention = arguments_.attention + h * dim_ * padded_dim_;
      Multiply<V, Layout::kColumnMajor, true>({key + h * dim_, arguments_.token_stride, query + h * dim_,
                                               arguments_.token_stride, attention, padded_dim_, dim_, tokens,
                                               dim_});
    }
  }

  void AddSquares(const float* x, size_t tokens, float* squares) const {
    const size_t stride = arguments_.token_stride;
    for (size_t i = 0; i < channels_; i += V::kLanes) {
      const typename V::Mask lanes = V::FirstLanes(channels_ - i < V::kLanes ? channels_ - i : V::kLanes);
      const float* from = x + i;
      Register even = V::Load(squares + i, lanes);
      Register odd = V::Zero();
      size_t t = 0;
      for (; t + 1 < tokens; t += 2, from += 2 * stride) {
        const Register a = V::Load(from, lanes);
        const Register b = V::Load(from + stride, lanes);
        even = V::MultiplyAdd(a, a, even);
        odd = V::MultiplyAdd(b, b, odd);
      }
      if (t < tokens) {
        const Register a = V::Load(from, lanes);
        even = V::MultiplyAdd(a, a, even);
      }
      V::Store(squares + i, V::Add(even, odd), lanes);
    }
  }

  const XcaScoresArguments& arguments_;
  const size_t tokens_;
  const size_t heads_;
  const size_t dim_;
  const size_t channels_;
  const size_t padded_dim_;
  float* const query_squares_;  // [channels], sums over tokens
  float* const key_squares_;    // [channels]
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_XCA_SCORES_VECTOR_H_
