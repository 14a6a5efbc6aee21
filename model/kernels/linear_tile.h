#ifndef MODEL_KERNELS_LINEAR_TILE_H_
#define MODEL_KERNELS_LINEAR_TILE_H_

#include <cstddef>

#include "model/kernels/linear.h"

// The micro-kernel of matrix products (GEMM) for a `Machine`: an instruction set and a precision
// (linear_avx2.cc, linear_avx512.cc, linear_avx512_bf16.cc). For files of one instruction set only.
//
// Everything is done in tiles: up to Machine::kTileRows rows by one panel of outputs, whose sums stay in
// registers over all inputs. One step multiplies Machine::kStepInputs inputs (a pair in bfloat16) of each row
// by a panel's weights for them.
//
// Between two tiles as little as can be is stored: the sums of the one before wait in the store queue, which
// they almost fill, and what is loaded after them from a newer store waits as well. So the kernels run over
// neighbouring panels without leaving a function, and find their places from what was stored long ago.
namespace edgenext::kernels {
namespace {

// Rows of factors that a tile reads: `kStride` apart, or `stride` if that is 0.
template <typename Machine, size_t kStride>
struct FactorRows {
  const typename Machine::Factor* first;
  size_t stride;

  size_t Offset(size_t row) const { return row * (kStride != 0 ? kStride : stride); }
};

// The sums of a tile of kRows by kRegisters; of the last register only the lower half is used if kHalf.
template <typename Machine, size_t kRows, size_t kRegisters, bool kHalf>
class TileSums {
 public:
  [[gnu::always_inline]] explicit TileSums(const float* bias) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) sums_[r][c] = Machine::Load(bias + c * Machine::kLanes);
    }
  }

  // Adds `steps` steps; both pointers move on.
  template <size_t kStride>
  [[gnu::always_inline]] void Multiply(FactorRows<Machine, kStride>* rows,
                                       const typename Machine::Factor** weight, int steps) {
    // Two bases and a stride reach all rows without a register for each.
    const typename Machine::Factor* low = rows->first;
    const typename Machine::Factor* high = low + rows->Offset(kRows / 2);
    const typename Machine::Factor* w = *weight;
    for (const auto* const end = w + steps * Machine::kStepWeights; w != end; w += Machine::kStepWeights) {
      typename Machine::Factors weights[kRegisters];
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) weights[c] = Machine::LoadWeights(w, c);
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) {
        const auto input =
            Machine::Broadcast(r < kRows / 2 ? low + rows->Offset(r) : high + rows->Offset(r - kRows / 2));
        AddProducts(r, input, weights);
      }
      low += Machine::kStepInputs;
      high += Machine::kStepInputs;
    }
    rows->first = low;
    *weight = w;
  }

  // Multiply, with what is pending done meanwhile, as evenly as may be.
  template <size_t kStride, typename Pending>
  [[gnu::always_inline]] void MultiplyAndApply(FactorRows<Machine, kStride>* rows,
                                               const typename Machine::Factor** weight, int steps,
                                               Pending* pending) {
    if (!Machine::kInterleaves || steps == 0) {
      while (pending->count > 0) pending->ApplyToNext();
    } else if (pending->count > 0) {
      int left = steps;
      if (steps >= pending->count) {
        const int steps_each = steps / pending->count;
        left -= steps_each * pending->count;
        while (pending->count > 0) {
          Multiply(rows, weight, steps_each);
          pending->ApplyToNext();
        }
      } else {
        const int each_step = (pending->count + steps - 1) / steps;
        while (pending->count >= each_step) {
          Multiply(rows, weight, 1);
          --left;
          for (int i = 0; i < each_step; ++i) pending->ApplyToNext();
        }
        while (pending->count > 0) pending->ApplyToNext();
      }
      steps = left;
    }
    Multiply(rows, weight, steps);
  }

  // Multiplies by the last steps and calls store(row, column, sum) for all sums, a few rows after the other:
  // so the stores are spread out, and the next tile can begin before they fill the store queue.
  template <size_t kStride, typename Store>
  [[gnu::always_inline]] void MultiplyAndStore(const FactorRows<Machine, kStride>& rows,
                                               const typename Machine::Factor** weight, int steps,
                                               Store store) {
    constexpr size_t kTogether = kRows < Machine::kStoredRows ? kRows : Machine::kStoredRows;
    const auto* const end = *weight + steps * Machine::kStepWeights;
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; r += kTogether) {
      const typename Machine::Factor* in = rows.first + rows.Offset(r);
      for (const auto* w = *weight; w != end; w += Machine::kStepWeights, in += Machine::kStepInputs) {
        typename Machine::Factors weights[kRegisters];
#pragma GCC unroll 3
        for (size_t c = 0; c < kRegisters; ++c) weights[c] = Machine::LoadWeights(w, c);
#pragma GCC unroll 8
        for (size_t i = 0; i < kTogether; ++i)
          AddProducts(r + i, Machine::Broadcast(in + rows.Offset(i)), weights);
      }
#pragma GCC unroll 8
      for (size_t i = 0; i < kTogether; ++i) {
#pragma GCC unroll 3
        for (size_t c = 0; c < kRegisters; ++c) store(r + i, c * Machine::kLanes, sums_[r + i][c]);
      }
    }
    *weight = end;
  }

 private:
  [[gnu::always_inline]] void AddProducts(size_t r, typename Machine::Factors input,
                                          const typename Machine::Factors (&weights)[kRegisters]) {
#pragma GCC unroll 3
    for (size_t c = 0; c < kRegisters; ++c) {
      if constexpr (kHalf) {
        if (c + 1 == kRegisters) {
          sums_[r][c] = Machine::MultiplyAddHalf(input, weights[c], sums_[r][c]);
          continue;
        }
      }
      sums_[r][c] = Machine::MultiplyAdd(input, weights[c], sums_[r][c]);
    }
  }

  typename Machine::Register sums_[kRows][kRegisters];
};

// How many of a tile's `steps`, the last ones, go with its stores (TileSums::MultiplyAndStore).
constexpr int kStoredSteps = 4;
constexpr int StoredSteps(int steps) { return steps < kStoredSteps ? steps : kStoredSteps; }

// Where MultiplyAndStore puts sums: rows of `out`.
template <typename Machine>
struct StoreRows {
  float* out;
  size_t stride;

  [[gnu::always_inline]] void operator()(size_t r, size_t c, typename Machine::Register sum) const {
    Machine::Store(out + r * stride + c, sum);
  }
};

// The same with a residual. It comes last: the sums before are usually much smaller, and so are their
// roundings.
template <typename Machine>
struct StoreRowsWith {
  const float* residual;
  size_t residual_stride;
  float* out;
  size_t out_stride;

  [[gnu::always_inline]] void operator()(size_t r, size_t c, typename Machine::Register sum) const {
    Machine::Store(out + r * out_stride + c,
                   Machine::Add(sum, Machine::Load(residual + r * residual_stride + c)));
  }
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LINEAR_TILE_H_
