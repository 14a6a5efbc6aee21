#ifndef MODEL_KERNELS_XCA_VECTOR_H_
#define MODEL_KERNELS_XCA_VECTOR_H_

#include <cstddef>

#include "model/kernels/kernels.h"
#include "model/kernels/small_matmul.h"

namespace edgenext::kernels {

// XCA for a vector type `V` (vector_avx2.h, vector_avx512.h). The matrix A is kept transposed, [key, query],
// so that the softmax over keys runs down its columns without sums across a register, and so that its rows
// are what the last product reads. The tokens are taken a block at a time with all heads inside: the heads
// share cache lines, and sums over a block, added up afterwards, lose less than one long sum.
template <typename V>
class VectorXca {
 public:
  explicit VectorXca(const XcaArguments& arguments)
      : arguments_(arguments),
        tokens_(static_cast<size_t>(arguments.tokens)),
        heads_(static_cast<size_t>(arguments.heads)),
        dim_(static_cast<size_t>(arguments.head_dim)),
        padded_dim_((dim_ + 15) / 16 * 16),
        channels_(heads_ * dim_),
        token_stride_(3 * channels_) {}

  void Run() const {
    const size_t scratch_floats = heads_ * head_floats();
    for (size_t i = 0; i < scratch_floats; ++i) arguments_.scratch[i] = 0.0f;
    for (size_t t = 0; t < tokens_; t += kTokenBlock) {
      for (size_t h = 0; h < heads_; ++h) AddProducts(h, t, BlockTokens(t));
    }
    for (size_t h = 0; h < heads_; ++h) SoftmaxOverKeys(h);
    for (size_t t = 0; t < tokens_; t += kTokenBlock) {
      for (size_t h = 0; h < heads_; ++h) ApplyToValues(h, t, BlockTokens(t));
    }
  }

 private:
  using Register = typename V::Register;

  static constexpr size_t kTokenBlock = 64;

  // What the scratch holds for one head, all rows padded to padded_dim_.
  struct Head {
    float* attention;      // [dim, padded_dim_]: A transposed
    float* query_squares;  // [padded_dim_]: sums over tokens, then scales
    float* key_squares;    // [padded_dim_]
  };

  size_t head_floats() const { return (dim_ + 2) * padded_dim_; }
  Head HeadAt(size_t h) const {
    float* attention = arguments_.scratch + h * head_floats();
    float* query_squares = attention + dim_ * padded_dim_;
    return {attention, query_squares, query_squares + padded_dim_};
  }

  size_t BlockTokens(size_t first) const {
    const size_t left = tokens_ - first;
    return left < kTokenBlock ? left : kTokenBlock;
  }

  // The q of a head at a token; its k and v lie channels_ and 2 * channels_ further.
  const float* QueryAt(size_t h, size_t token) const {
    return arguments_.qkv + token * token_stride_ + h * dim_;
  }

  // k^T q and the squares of both norms, over a block of tokens.
  void AddProducts(size_t h, size_t first_token, size_t tokens) const {
    const Head head = HeadAt(h);
    const float* q = QueryAt(h, first_token);
    const float* k = q + channels_;
    AddSquares(q, tokens, head.query_squares);
    AddSquares(k, tokens, head.key_squares);
    Multiply<V, Layout::kColumnMajor, true>(
        {k, token_stride_, q, token_stride_, head.attention, padded_dim_, dim_, tokens, dim_});
  }

  void AddSquares(const float* x, size_t tokens, float* squares) const {
    for (size_t i = 0; i < dim_; i += V::kLanes) {
      const typename V::Mask lanes = V::FirstLanes(dim_ - i < V::kLanes ? dim_ - i : V::kLanes);
      const float* from = x + i;
      Register even = V::Load(squares + i);
      Register odd = V::Zero();
      size_t t = 0;
      for (; t + 1 < tokens; t += 2, from += 2 * token_stride_) {
        const Register a = V::Load(from, lanes);
        const Register b = V::Load(from + token_stride_, lanes);
        even = V::MultiplyAdd(a, a, even);
        odd = V::MultiplyAdd(b, b, odd);
      }
      if (t < tokens) {
        const Register a = V::Load(from, lanes);
        even = V::MultiplyAdd(a, a, even);
      }
      V::Store(squares + i, V::Add(even, odd));
    }
  }

  // Sums of squares to factor / max(norm, 1e-12).
  void SquaresToScales(float* squares, float factor) const {
    for (size_t i = 0; i < dim_; i += V::kLanes) {
      const Register norms = V::Max(V::SquareRoot(V::Load(squares + i)), V::Broadcast(1e-12f));
      V::Store(squares + i, V::Divide(V::Broadcast(factor), norms));
    }
  }

  void SoftmaxOverKeys(size_t h) const {
    const Head head = HeadAt(h);
    SquaresToScales(head.query_squares, arguments_.temperature[h]);
    SquaresToScales(head.key_squares, 1.0f);
    for (size_t i = 0; i < dim_; i += V::kLanes) {
      const Register query_scales = V::Load(head.query_squares + i);
      float* const column = head.attention + i;
      float* const end = column + dim_ * padded_dim_;
      const float* key_scale = head.key_squares;
      Register largest = V::Broadcast(-__builtin_inff());
      for (float* a = column; a < end; a += padded_dim_, ++key_scale) {
        const Register logits = V::Multiply(V::Multiply(V::Load(a), V::Broadcast(*key_scale)), query_scales);
        largest = V::Max(largest, logits);
        V::Store(a, logits);
      }
      Register sum = V::Zero();
      for (float* a = column; a < end; a += padded_dim_) {
        const Register weight = Exp(V::Subtract(V::Load(a), largest));
        sum = V::Add(sum, weight);
        V::Store(a, weight);
      }
      const Register scale = V::Divide(V::Broadcast(1.0f), sum);
      for (float* a = column; a < end; a += padded_dim_) V::Store(a, V::Multiply(V::Load(a), scale));
    }
  }

  // e^x for x <= 0, to 2 ulp; e^-87, about 1e-38, for what lies below. With n = round(x / ln 2) it is 2^n
  // e^r, |r| <= ln 2 / 2, where the Taylor polynomial of degree 7 errs by less than 1e-8.
  static Register Exp(Register x) {
    x = V::Max(x, V::Broadcast(-87.0f));
    const Register n = V::Round(V::Multiply(x, V::Broadcast(1.44269504f)));
    // ln 2 in two parts, the first short enough that n times it is exact.
    Register r = V::MultiplyAdd(n, V::Broadcast(-0.693359375f), x);
    r = V::MultiplyAdd(n, V::Broadcast(2.12194440e-4f), r);
    Register e = V::Broadcast(1.0f / 5040);
    constexpr float kCoefficients[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
    for (const float coefficient : kCoefficients) {
      e = V::MultiplyAdd(e, r, V::Broadcast(coefficient));
    }
    return V::Multiply(e, V::PowerOfTwo(n));
  }

  void ApplyToValues(size_t h, size_t first_token, size_t tokens) const {
    const float* v = QueryAt(h, first_token) + 2 * channels_;
    float* out = arguments_.out + first_token * channels_ + h * dim_;
    Multiply<V, Layout::kRowMajor, false>(
        {v, token_stride_, HeadAt(h).attention, padded_dim_, out, channels_, tokens, dim_, dim_});
  }

  const XcaArguments& arguments_;
  const size_t tokens_;
  const size_t heads_;
  const size_t dim_;
  const size_t padded_dim_;
  const size_t channels_;      // heads * dim
  const size_t token_stride_;  // q, k and v of all heads
};

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_XCA_VECTOR_H_
