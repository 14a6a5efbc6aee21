#ifndef MODEL_KERNELS_XCA_GRAM_VECTOR_H_
#define MODEL_KERNELS_XCA_GRAM_VECTOR_H_

#include <cstddef>

#include "model/kernels/maps.h"
#include "model/kernels/small_matmul.h"
#include "model/kernels/xca.h"
#include "model/kernels/xca_softmax_vector.h"

namespace edgenext::kernels {
namespace {

// XcaGramScoresArguments for a vector type `V`. Only blocks on and above the diagonal of the Gram matrix G
// are summed. The keys' side, Wk G, is multiplied out because the products of queries and keys need it; the
// queries' norms need but the form with G, which half of G gives.
template <typename V>
class VectorXcaGramScores {
 public:
  explicit VectorXcaGramScores(const XcaGramScoresArguments& arguments)
      : arguments_(arguments),
        tokens_(static_cast<size_t>(arguments.shape.tokens)),
        channels_(static_cast<size_t>(arguments.shape.channels())),
        dim_(static_cast<size_t>(arguments.shape.head_dim)),
        lanes_(static_cast<size_t>(PaddedChannels(arguments.shape.channels()))),
        gram_(arguments.scratch),
        key_gram_(gram_ + channels_ * lanes_),
        block_(key_gram_ + channels_ * lanes_),
        mean_(block_ + kCentredTokens * lanes_),
        query_mean_(mean_ + lanes_),
        key_mean_(query_mean_ + lanes_),
        query_squares_(key_mean_ + lanes_),
        key_squares_(query_squares_ + lanes_) {}

  void Run() const {
    SumGram();
    MirrorGram();
    VectorTimesMatrix<V>({mean_, arguments_.query_weight, arguments_.stride, arguments_.query_bias,
                          query_mean_, channels_, lanes_});
    Multiply<V, Layout::kRowMajor, false>({arguments_.key_weight, arguments_.stride, gram_, lanes_, key_gram_,
                                           lanes_, channels_, channels_, lanes_});
    FinishKeys();
    SquareQueries();
    for (size_t h = 0; h < static_cast<size_t>(arguments_.shape.heads); ++h) MultiplyHead(h);
    XcaSoftmax<V>::Run(arguments_.shape, arguments_.temperature, query_squares_, key_squares_,
                       arguments_.attention);
  }

 private:
  using Register = typename V::Register;

  static constexpr size_t kRowBlock = 8;

  size_t BlockTokens(size_t first) const {
    return tokens_ - first < kCentredTokens ? tokens_ - first : kCentredTokens;
  }

  void SumGram() const {
    FindMean();
    for (size_t i = 0; i < channels_ * lanes_; ++i) gram_[i] = 0.0f;
    for (size_t t = 0; t < tokens_; t += kCentredTokens) {
      CentreBlock(t);
      AddBlock(BlockTokens(t));
    }
  }

  void FindMean() const {
    const Register tokens = V::Broadcast(static_cast<float>(arguments_.shape.tokens));
    for (size_t c = 0; c < lanes_; c += V::kLanes) {
      Register sum = V::Zero();
      for (size_t t = 0; t < tokens_; t += kCentredTokens) {
        sum = V::Add(sum, SumTokens(arguments_.z + t * arguments_.stride + c, BlockTokens(t)));
      }
      V::Store(mean_ + c, V::Divide(sum, tokens));
    }
  }

  // In four sums that take turns, so that their additions overlap.
  Register SumTokens(const float* z, size_t tokens) const {
    const size_t stride = arguments_.stride;
    Register sums[4] = {V::Zero(), V::Zero(), V::Zero(), V::Zero()};
    size_t t = 0;
    for (; t + 4 <= tokens; t += 4, z += 4 * stride) {
#pragma GCC unroll 4
      for (size_t i = 0; i < 4; ++i) sums[i] = V::Add(sums[i], V::Load(z + i * stride));
    }
    for (; t < tokens; ++t, z += stride) sums[0] = V::Add(sums[0], V::Load(z));
    return V::Add(V::Add(sums[0], sums[1]), V::Add(sums[2], sums[3]));
  }

  void CentreBlock(size_t first_token) const {
    const float* z = arguments_.z + first_token * arguments_.stride;
    float* to = block_;
    for (size_t t = BlockTokens(first_token); t > 0; --t, z += arguments_.stride, to += lanes_) {
      for (size_t c = 0; c < lanes_; c += V::kLanes) {
        V::Store(to + c, V::Subtract(V::Load(z + c), V::Load(mean_ + c)));
      }
    }
  }

  void AddBlock(size_t tokens) const {
    for (size_t row = 0; row < channels_; row += kRowBlock) {
      const size_t first_lane = row / V::kLanes * V::kLanes;
      Multiply<V, Layout::kColumnMajor, true>({block_ + row, lanes_, block_ + first_lane, lanes_,
                                               gram_ + row * lanes_ + first_lane, lanes_, BlockRows(row),
                                               tokens, lanes_ - first_lane});
    }
  }

  size_t BlockRows(size_t first) const {
    return channels_ - first < kRowBlock ? channels_ - first : kRowBlock;
  }

  void MirrorGram() const {
    for (size_t i = 1; i < channels_; ++i) {
      for (size_t j = 0; j < i; ++j) gram_[i * lanes_ + j] = gram_[j * lanes_ + i];
    }
  }

  static float Dot(const float* a, const float* b, size_t count) {
    Register sum = V::Zero();
    for (size_t i = 0; i < count; i += V::kLanes) {
      sum = V::MultiplyAdd(V::Load(a + i), V::Load(b + i), sum);
    }
    return V::Sum(sum);
  }

  void FinishKeys() const {
    const float tokens = static_cast<float>(arguments_.shape.tokens);
    const float* weight = arguments_.key_weight;
    for (size_t j = 0; j < channels_; ++j, weight += arguments_.stride) {
      const float mean = arguments_.key_bias[j] + Dot(weight, mean_, lanes_);
      key_mean_[j] = mean;
      key_squares_[j] = Dot(weight, key_gram_ + j * lanes_, lanes_) + tokens * mean * mean;
    }
  }

  // w^T G w is the sum over blocks of rows of w_block^T (G_diagonal w_block + 2 G_right w_right).
  void SquareQueries() const {
    for (size_t c = 0; c < lanes_; c += V::kLanes) V::Store(query_squares_ + c, V::Zero());
    HalveDiagonalBlocks();
    for (size_t row = 0; row < channels_; row += kRowBlock) {
      const float* weight = arguments_.query_weight + row * arguments_.stride;
      Multiply<V, Layout::kRowMajor, false>({gram_ + row * lanes_ + row, lanes_, weight, arguments_.stride,
                                             block_, lanes_, BlockRows(row), channels_ - row, lanes_});
      for (size_t c = 0; c < lanes_; c += V::kLanes) {
        Register sum = V::Zero();
        for (size_t r = 0; r < BlockRows(row); ++r) {
          sum = V::MultiplyAdd(V::Load(weight + r * arguments_.stride + c), V::Load(block_ + r * lanes_ + c),
                               sum);
        }
        V::Store(query_squares_ + c, V::Add(V::Load(query_squares_ + c), sum));
      }
    }
    const Register tokens = V::Broadcast(static_cast<float>(arguments_.shape.tokens));
    for (size_t c = 0; c < lanes_; c += V::kLanes) {
      const Register mean = V::Load(query_mean_ + c);
      const Register from_mean = V::Multiply(V::Multiply(tokens, mean), mean);
      V::Store(query_squares_ + c,
               V::MultiplyAdd(V::Broadcast(2.0f), V::Load(query_squares_ + c), from_mean));
    }
  }

  void HalveDiagonalBlocks() const {
    for (size_t row = 0; row < channels_; row += kRowBlock) {
      for (size_t r = 0; r < BlockRows(row); ++r) {
        float* const g = gram_ + (row + r) * lanes_ + row;
        for (size_t c = 0; c < BlockRows(row); ++c) g[c] *= 0.5f;
      }
    }
  }

  void MultiplyHead(size_t h) const {
    const size_t first = h * dim_;
    const size_t padded_dim = XcaPaddedDim(arguments_.shape.head_dim);
    float* const attention = arguments_.attention + first * padded_dim;
    for (size_t j = 0; j < dim_; ++j) {
      const Register factor =
          V::Broadcast(static_cast<float>(arguments_.shape.tokens) * key_mean_[first + j]);
      for (size_t i = 0; i < padded_dim; i += V::kLanes) {
        const size_t left = i < dim_ ? dim_ - i : 0;
        const typename V::Mask lanes = V::FirstLanes(left < V::kLanes ? left : V::kLanes);
        V::Store(attention + j * padded_dim + i,
                 V::Multiply(factor, V::Load(query_mean_ + first + i, lanes)));
      }
    }
    Multiply<V, Layout::kRowMajor, true>({key_gram_ + first * lanes_, lanes_, arguments_.query_weight + first,
                                          arguments_.stride, attention, padded_dim, dim_, channels_, dim_});
  }

  const XcaGramScoresArguments& arguments_;
  const size_t tokens_;
  const size_t channels_;
  const size_t dim_;
  const size_t lanes_;          // channels, padded
  float* const gram_;           // [channels, lanes]: G; at last with half its diagonal blocks
  float* const key_gram_;       // [channels, lanes]: Wk G
  float* const block_;          // [kCentredTokens, lanes]: centred tokens, then rows of G Wq^T
  float* const mean_;           // [lanes]
  float* const query_mean_;     // [lanes]
  float* const key_mean_;       // [lanes]
  float* const query_squares_;  // [lanes]
  float* const key_squares_;    // [lanes]
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_XCA_GRAM_VECTOR_H_
