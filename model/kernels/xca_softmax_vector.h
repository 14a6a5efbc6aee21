#ifndef MODEL_KERNELS_XCA_SOFTMAX_VECTOR_H_
#define MODEL_KERNELS_XCA_SOFTMAX_VECTOR_H_

#include <cstddef>

#include "model/kernels/xca.h"

namespace edgenext::kernels {
namespace {

// The last step of XCA's scores, from products of queries and keys to A, for a vector type `V`. A is kept
// transposed, [key, query], so that the softmax over keys runs down its columns without sums across a
// register.
template <typename V>
class XcaSoftmax {
 public:
  // `query_squares` and `key_squares` are the squares of the norms, [channels]; they are overwritten.
  // `attention` holds the products.
  static void Run(const XcaShape& shape, const float* temperature, float* query_squares, float* key_squares,
                  float* attention) {
    const size_t dim = static_cast<size_t>(shape.head_dim);
    const size_t padded_dim = XcaPaddedDim(shape.head_dim);
    SquaresToScales(key_squares, static_cast<size_t>(shape.channels()), 1.0f);
    for (size_t h = 0; h < static_cast<size_t>(shape.heads); ++h) {
      float* const query_scales = query_squares + h * dim;
      SquaresToScales(query_scales, dim, temperature[h]);
      for (size_t i = 0; i < dim; i += V::kLanes) {
        const typename V::Mask lanes = V::FirstLanes(dim - i < V::kLanes ? dim - i : V::kLanes);
        float* const column = attention + h * dim * padded_dim + i;
        RunColumns(column, padded_dim, dim, V::Load(query_scales + i, lanes), key_squares + h * dim, lanes);
      }
    }
  }

 private:
  using Register = typename V::Register;

  // Sums of squares to factor / max(norm, 1e-12).
  static void SquaresToScales(float* squares, size_t count, float factor) {
    for (size_t i = 0; i < count; i += V::kLanes) {
      const typename V::Mask lanes = V::FirstLanes(count - i < V::kLanes ? count - i : V::kLanes);
      const Register clamped = V::Max(V::Load(squares + i, lanes), V::Broadcast(1e-24f));
      V::Store(squares + i, V::Divide(V::Broadcast(factor), V::SquareRoot(clamped)), lanes);
    }
  }

  static void RunColumns(float* column, size_t stride, size_t dim, Register query_scales,
                         const float* key_scale, typename V::Mask lanes) {
    float* const end = column + dim * stride;
    Register largest = V::Broadcast(-__builtin_inff());
    for (float* a = column; a < end; a += stride, ++key_scale) {
      const Register logits = V::Multiply(V::Multiply(V::Load(a), V::Broadcast(*key_scale)), query_scales);
      largest = V::Max(largest, logits);
      V::Store(a, logits);
    }
    Register sum = V::Zero();
    for (float* a = column; a < end; a += stride) {
      const Register weight = Exp(V::Subtract(V::Load(a), largest));
      sum = V::Add(sum, weight);
      V::Store(a, weight);
    }
    const Register scale = V::Keep(V::Divide(V::Broadcast(1.0f), sum), lanes);
    for (float* a = column; a < end; a += stride) V::Store(a, V::Multiply(V::Load(a), scale));
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
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_XCA_SOFTMAX_VECTOR_H_
