#ifndef MODEL_KERNELS_LINEAR_VECTOR_H_
#define MODEL_KERNELS_LINEAR_VECTOR_H_

#include <cstddef>
#include <cstdint>

#include "model/kernels/linear.h"
#include "model/kernels/maps.h"

// linear and mlp for a `Machine`: an instruction set and a precision (linear_avx2.cc, linear_avx512.cc,
// linear_avx512_bf16.cc). For files of one instruction set only.
//
// Everything is done in tiles: up to Machine::kTileRows rows by one panel of outputs, whose sums stay in
// registers over all inputs. One step multiplies Machine::kStepInputs inputs (a pair in bfloat16) of each row
// by a panel's weights for them. The hidden values of an MLP lie in blocks of [tile rows, panel], so that the
// addresses of a step are constants apart.
namespace edgenext::kernels {
namespace {

// Values of a hidden block that still lack their activation. It is computed a register at a time between the
// steps of the next tile, because it hardly uses the units that multiply.
template <typename Machine, Activation kActivation>
struct Pending {
  const float* raw = nullptr;  // `count` registers, row after row
  typename Machine::Factor* hidden = nullptr;
  int count = 0;

  [[gnu::always_inline]] void ApplyToNext() {
    Machine::StoreFactors(hidden, Machine::template Activate<kActivation>(Machine::Load(raw)));
    raw += Machine::kLanes;
    hidden += Machine::kLanes;
    --count;
  }
};

struct NothingPending {
  static constexpr int count = 0;
  void ApplyToNext() {}
};

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

  [[gnu::always_inline]] void Store(float* out, size_t out_stride) const {
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r, out += out_stride) {
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) Machine::Store(out + c * Machine::kLanes, sums_[r][c]);
    }
  }

  // The residual comes last: the sums before are usually much smaller, and so are their roundings.
  [[gnu::always_inline]] void StoreWith(const float* residual, size_t residual_stride, float* out,
                                        size_t out_stride) const {
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r, out += out_stride, residual += residual_stride) {
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) {
        Machine::Store(out + c * Machine::kLanes,
                       Machine::Add(sums_[r][c], Machine::Load(residual + c * Machine::kLanes)));
      }
    }
  }

 private:
  typename Machine::Register sums_[kRows][kRegisters];
};

// A panel of a layer: outputs [first, first + width).
template <typename Machine>
struct Panel {
  Panel(const PackedLinear& layer, int first)
      : weight(static_cast<const typename Machine::Factor*>(layer.weight) +
               static_cast<size_t>(first) * static_cast<size_t>(layer.inputs)),
        bias(layer.bias + first) {}

  const typename Machine::Factor* weight;
  const float* bias;
};

// Calls run(first, width) for each panel of `outputs`.
template <typename Machine, typename Run>
void ForEachPanel(int outputs, Run run) {
  constexpr int kPanel = Machine::kPanel;
  for (int first = 0; first < outputs; first += kPanel) {
    run(first, outputs - first < kPanel ? outputs - first : kPanel);
  }
}

// Calls Tile::template Run<kRegisters, kHalf>() for a width of the panel that is known only now.
template <typename Machine, typename Tile>
void RunPanel(int width, const Tile& tile) {
  constexpr int kLanes = static_cast<int>(Machine::kLanes);
  const int registers = (width + kLanes - 1) / kLanes;
  if constexpr (Machine::kHasHalf) {
    if (width <= registers * kLanes - kLanes / 2) {
      if (registers == 1) return tile.template Run<1, true>();
      if (registers == 2) return tile.template Run<2, true>();
      return tile.template Run<3, true>();
    }
  }
  if (registers == 1) return tile.template Run<1, false>();
  if (registers == 2) return tile.template Run<2, false>();
  if constexpr (Machine::kPanelRegisters == 3) return tile.template Run<3, false>();
}

// Heights of tiles: as many of the first as fit, then of the next, down to one row.
constexpr size_t NextTileRows(size_t rows) { return rows == 6 ? 4 : rows / 2; }

// Calls tiles.template Run<kRows>(first_row) over all rows.
template <size_t kRows, typename Tiles>
void ForEachTile(size_t first, size_t rows, const Tiles& tiles) {
  for (; rows - first >= kRows; first += kRows) tiles.template Run<kRows>(first);
  if constexpr (kRows > 1) ForEachTile<NextTileRows(kRows)>(first, rows, tiles);
}

// Zeroes the lanes of `rows` rows that padding adds beyond the last register with outputs.
template <typename Machine>
void ClearPadding(int outputs, size_t rows, float* out, size_t out_stride) {
  constexpr size_t kLanes = Machine::kLanes;
  const size_t first = (static_cast<size_t>(outputs) + kLanes - 1) / kLanes * kLanes;
  const auto end = static_cast<size_t>(PaddedChannels(outputs));
  for (size_t r = 0; r < rows; ++r, out += out_stride) {
    for (size_t c = first; c < end; c += kLanes) Machine::Store(out + c, Machine::Zero());
  }
}

// One tile of a layer whose inputs are factor rows.
template <typename Machine, size_t kRows, typename Pending>
struct InputTile {
  FactorRows<Machine, 0> in;
  Panel<Machine> panel;
  int steps;
  const float* residual;  // null for none
  size_t residual_stride;
  float* out;
  size_t out_stride;
  Pending pending;

  template <size_t kRegisters, bool kHalf>
  [[gnu::noinline]] void Run() const {
    TileSums<Machine, kRows, kRegisters, kHalf> sums(panel.bias);
    FactorRows<Machine, 0> rows = in;
    const typename Machine::Factor* weight = panel.weight;
    Pending waiting = pending;
    sums.MultiplyAndApply(&rows, &weight, steps, &waiting);
    if (residual == nullptr) {
      sums.Store(out, out_stride);
    } else {
      sums.StoreWith(residual, residual_stride, out, out_stride);
    }
  }
};

template <typename Machine>
class VectorLinear {
 public:
  explicit VectorLinear(const LinearArguments& arguments) : arguments_(arguments) {}

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    ForEachTile<Machine::kTileRows>(0, rows, *this);
    ClearPadding<Machine>(arguments_.layer.outputs, rows, arguments_.out, arguments_.out_stride);
  }

  template <size_t kRows>
  void Run(size_t row) const {
    using Factor = typename Machine::Factor;
    const LinearArguments& a = arguments_;
    const Factor* in = static_cast<const Factor*>(a.in) + row * a.in_stride;
    ForEachPanel<Machine>(a.layer.outputs, [&](int first, int width) {
      const float* residual = a.residual == nullptr ? nullptr : a.residual + row * a.residual_stride + first;
      RunPanel<Machine>(width,
                        InputTile<Machine, kRows, NothingPending>{{in, a.in_stride},
                                                                  Panel<Machine>(a.layer, first),
                                                                  a.layer.inputs / Machine::kStepInputs,
                                                                  residual,
                                                                  a.residual_stride,
                                                                  a.out + row * a.out_stride + first,
                                                                  a.out_stride,
                                                                  {}});
    });
  }

 private:
  const LinearArguments& arguments_;
};

// One tile of a layer whose inputs are hidden blocks, [blocks, tile rows, panel], the last one as wide as
// what is left.
template <typename Machine, size_t kRows, typename Pending>
struct HiddenTile {
  const typename Machine::Factor* hidden;
  Panel<Machine> panel;
  int inputs;
  const float* residual;
  size_t residual_stride;
  float* out;
  size_t out_stride;
  Pending pending;  // of the last block

  template <size_t kRegisters, bool kHalf>
  [[gnu::noinline]] void Run() const {
    TileSums<Machine, kRows, kRegisters, kHalf> sums(panel.bias);
    const typename Machine::Factor* weight = panel.weight;
    Pending waiting = pending;
    const typename Machine::Factor* block = hidden;
    int left = inputs;
    for (; left > Machine::kPanel; left -= Machine::kPanel, block += kRows * Machine::kPanel) {
      FactorRows<Machine, Machine::kPanel> rows = {block, 0};
      sums.MultiplyAndApply(&rows, &weight, Machine::kPanel / Machine::kStepInputs, &waiting);
    }
    FactorRows<Machine, 0> rows = {block, static_cast<size_t>(left)};
    while (waiting.count > 0) waiting.ApplyToNext();
    sums.Multiply(&rows, &weight, left / Machine::kStepInputs);
    sums.StoreWith(residual, residual_stride, out, out_stride);
  }
};

template <typename Machine, Activation kActivation>
class VectorMlp {
 public:
  explicit VectorMlp(const MlpArguments& arguments) : arguments_(arguments) {
    float* scratch = static_cast<float*>(arguments.scratch);
    raw_[0] = scratch;
    raw_[1] = scratch + kBlock;
    hidden_ = reinterpret_cast<Factor*>(scratch + 2 * kBlock);
  }

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    ForEachTile<Machine::kTileRows>(0, rows, *this);
    ClearPadding<Machine>(arguments_.fc2.outputs, rows, arguments_.out, arguments_.out_stride);
  }

  template <size_t kRows>
  void Run(size_t row) const {
    const MlpArguments& a = arguments_;
    const Factor* in = static_cast<const Factor*>(a.in) + row * a.in_stride;
    Pending<Machine, kActivation> pending;
    int block = 0;
    ForEachPanel<Machine>(a.fc1.outputs, [&](int first, int width) {
      float* raw = raw_[block % 2];
      RunPanel<Machine>(
          width, InputTile<Machine, kRows, Pending<Machine, kActivation>>{{in, a.in_stride},
                                                                          Panel<Machine>(a.fc1, first),
                                                                          a.fc1.inputs / Machine::kStepInputs,
                                                                          nullptr,
                                                                          0,
                                                                          raw,
                                                                          static_cast<size_t>(width),
                                                                          pending});
      pending.raw = raw;
      pending.hidden = hidden_ + static_cast<size_t>(block++) * kRows * Machine::kPanel;
      pending.count = static_cast<int>(kRows) * width / static_cast<int>(Machine::kLanes);
    });
    ForEachPanel<Machine>(a.fc2.outputs, [&](int first, int width) {
      RunPanel<Machine>(width, HiddenTile<Machine, kRows, Pending<Machine, kActivation>>{
                                   hidden_, Panel<Machine>(a.fc2, first), a.fc2.inputs,
                                   a.residual + row * a.residual_stride + first, a.residual_stride,
                                   a.out + row * a.out_stride + first, a.out_stride, pending});
      pending.count = 0;
    });
  }

 private:
  using Factor = typename Machine::Factor;
  static constexpr size_t kBlock = Machine::kTileRows * Machine::kPanel;

  const MlpArguments& arguments_;
  float* raw_[2];
  Factor* hidden_;
};

template <typename Machine>
void RunLinear(const LinearArguments& arguments) {
  VectorLinear<Machine>(arguments).Run();
}

template <typename Machine>
void RunMlp(const MlpArguments& arguments) {
  if (arguments.activation == Activation::kGelu) {
    VectorMlp<Machine, Activation::kGelu>(arguments).Run();
  } else {
    VectorMlp<Machine, Activation::kHardswish>(arguments).Run();
  }
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LINEAR_VECTOR_H_
