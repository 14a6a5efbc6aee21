#ifndef MODEL_KERNELS_SMALL_MATMUL_H_
#define MODEL_KERNELS_SMALL_MATMUL_H_

#include <cstddef>

namespace edgenext::kernels {
namespace {

// Products of matrices so small that packing them would cost more than it saves, for XCA's heads.
// `V` is a vector type (vector_avx2.h, vector_avx512.h).

// How a [rows, steps] matrix lies in memory.
enum class Layout {
  kRowMajor,     // element (r, s) at r * stride + s
  kColumnMajor,  // element (r, s) at s * stride + r
};

// out [rows, columns] = A [rows, steps] * B [steps, columns]; out and B are row-major. Nothing may overlap.
struct SmallMatmul {
  const float* a;
  size_t a_stride;
  const float* b;
  size_t b_stride;
  float* out;
  size_t out_stride;
  size_t rows;
  size_t steps;
  size_t columns;
};

// One block of kRows x (kRegisters * V::kLanes) of `out`, held in registers over all steps. `tail` masks the
// last register. With kAdd the product is added to what `out` holds.
template <typename V, Layout kLayout, bool kAdd, size_t kRegisters, size_t kRows>
void MultiplyBlock(const SmallMatmul& m, const float* a, const float* b, float* out, typename V::Mask tail) {
  constexpr bool kByRow = kLayout == Layout::kRowMajor;
  typename V::Register sums[kRows][kRegisters];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (size_t c = 0; c < kRegisters; ++c) sums[r][c] = V::Zero();
  }
  for (size_t s = 0; s < m.steps; ++s) {
    typename V::Register b_row[kRegisters];
#pragma GCC unroll 3
    for (size_t c = 0; c + 1 < kRegisters; ++c) b_row[c] = V::Load(b + c * V::kLanes);
    b_row[kRegisters - 1] = V::Load(b + (kRegisters - 1) * V::kLanes, tail);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      const typename V::Register factor = V::Broadcast(a[kByRow ? r * m.a_stride : r]);
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) sums[r][c] = V::MultiplyAdd(factor, b_row[c], sums[r][c]);
    }
    a += kByRow ? 1 : m.a_stride;
    b += m.b_stride;
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kRows; ++r) {
    float* out_row = out + r * m.out_stride;
#pragma GCC unroll 3
    for (size_t c = 0; c + 1 < kRegisters; ++c) {
      float* to = out_row + c * V::kLanes;
      V::Store(to, kAdd ? V::Add(V::Load(to), sums[r][c]) : sums[r][c]);
    }
    float* to = out_row + (kRegisters - 1) * V::kLanes;
    const typename V::Register last = sums[r][kRegisters - 1];
    V::Store(to, kAdd ? V::Add(V::Load(to, tail), last) : last, tail);
  }
}

// MultiplyBlock for a number of rows, at most kMaxRows, that is known only now.
template <typename V, Layout kLayout, bool kAdd, size_t kRegisters, size_t kMaxRows = V::kMaxRows[kRegisters]>
void MultiplyRows(const SmallMatmul& m, size_t rows, const float* a, const float* b, float* out,
                  typename V::Mask tail) {
  if (rows == kMaxRows) {
    MultiplyBlock<V, kLayout, kAdd, kRegisters, kMaxRows>(m, a, b, out, tail);
  } else if constexpr (kMaxRows > 1) {
    MultiplyRows<V, kLayout, kAdd, kRegisters, kMaxRows - 1>(m, rows, a, b, out, tail);
  }
}

// All rows of a panel of columns, in blocks of about equal height.
template <typename V, Layout kLayout, bool kAdd, size_t kRegisters>
void MultiplyPanel(const SmallMatmul& m, size_t first_column, typename V::Mask tail) {
  const size_t blocks = (m.rows + V::kMaxRows[kRegisters] - 1) / V::kMaxRows[kRegisters];
  for (size_t block = 0, row = 0; block < blocks; ++block) {
    const size_t rows = (m.rows - row) / (blocks - block);
    const float* a = m.a + (kLayout == Layout::kRowMajor ? row * m.a_stride : row);
    MultiplyRows<V, kLayout, kAdd, kRegisters>(m, rows, a, m.b + first_column,
                                               m.out + row * m.out_stride + first_column, tail);
    row += rows;
  }
}

template <typename V, Layout kLayout, bool kAdd>
void Multiply(const SmallMatmul& m) {
  constexpr size_t kMaxRegisters = 3;
  const size_t registers = (m.columns + V::kLanes - 1) / V::kLanes;
  const size_t panels = (registers + kMaxRegisters - 1) / kMaxRegisters;
  for (size_t panel = 0, done = 0; panel < panels; ++panel) {
    const size_t width = (registers - done) / (panels - panel);
    const size_t first_column = done * V::kLanes;
    const size_t left = m.columns - first_column - (width - 1) * V::kLanes;
    const typename V::Mask tail = V::FirstLanes(left < V::kLanes ? left : V::kLanes);
    if (width == 1) {
      MultiplyPanel<V, kLayout, kAdd, 1>(m, first_column, tail);
    } else if (width == 2) {
      MultiplyPanel<V, kLayout, kAdd, 2>(m, first_column, tail);
    } else {
      MultiplyPanel<V, kLayout, kAdd, 3>(m, first_column, tail);
    }
    done += width;
  }
}

// out [columns] = bias [columns] + a [steps] * B [steps, columns]; B is row-major. Its lanes to the next
// whole register are read and written.
struct VectorMatmul {
  const float* a;
  const float* b;
  size_t b_stride;
  const float* bias;
  float* out;
  size_t steps;
  size_t columns;
};

template <typename V>
void VectorTimesMatrix(const VectorMatmul& m) {
  constexpr size_t kChains = 4;  // of sums: a single one would wait for every addition and lose more digits
  for (size_t c = 0; c < m.columns; c += V::kLanes) {
    typename V::Register sums[kChains] = {V::Zero(), V::Zero(), V::Zero(), V::Zero()};
    const float* b = m.b + c;
    size_t s = 0;
    for (; s + kChains <= m.steps; s += kChains) {
#pragma GCC unroll 4
      for (size_t chain = 0; chain < kChains; ++chain, b += m.b_stride) {
        sums[chain] = V::MultiplyAdd(V::Broadcast(m.a[s + chain]), V::Load(b), sums[chain]);
      }
    }
    for (; s < m.steps; ++s, b += m.b_stride) {
      sums[0] = V::MultiplyAdd(V::Broadcast(m.a[s]), V::Load(b), sums[0]);
    }
    const typename V::Register sum = V::Add(V::Add(sums[0], sums[1]), V::Add(sums[2], sums[3]));
    V::Store(m.out + c, V::Add(V::Load(m.bias + c), sum));
  }
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_SMALL_MATMUL_H_
