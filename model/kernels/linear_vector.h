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
// registers over all inputs. One step of a tile multiplies Machine::kStepInputs inputs (a pair in bfloat16)
// of each row by a panel's weights for them.
namespace edgenext::kernels {
namespace {

// Values of an fc1 tile that still lack their activation. It is computed a register at a time between the
// steps of the next tile, because it hardly uses the units that multiply.
template <typename Machine, Activation kActivation>
struct Pending {
  const float* raw = nullptr;  // `registers` a row, dense
  typename Machine::Factor* hidden = nullptr;
  size_t hidden_stride = 0;
  int registers = 0;
  int count = 0;  // all registers
  int steps = 0;  // of the next tile, after which they are needed at the latest

  int column = 0;
  void ApplyToNext() {
    Machine::StoreFactors(hidden + static_cast<size_t>(column) * Machine::kLanes,
                          Machine::template Activate<kActivation>(Machine::Load(raw)));
    raw += Machine::kLanes;
    if (++column == registers) {
      column = 0;
      hidden += hidden_stride;
    }
  }
};

struct NothingPending {
  static constexpr int count = 0;
  static constexpr int steps = 0;
  void ApplyToNext() {}
};

template <typename Machine>
struct Tile {
  const typename Machine::Factor* in;
  size_t in_stride;
  const typename Machine::Factor* weight;
  int steps;
  const float* bias;
  const float* residual;  // null for none
  size_t residual_stride;
  float* out;
  size_t out_stride;
};

// A tile of kRows by kRegisters; of the last register only the lower half is used if kHalf.
template <typename Machine, size_t kRows, size_t kRegisters, bool kHalf>
class TileSums {
 public:
  explicit TileSums(const Tile<Machine>& tile) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) sums_[r][c] = Machine::Load(tile.bias + c * Machine::kLanes);
    }
  }

  // Steps [first, last).
  void Multiply(const Tile<Machine>& tile, int first, int last) {
    const auto* in = tile.in + first * Machine::kStepInputs;
    const auto* weight = tile.weight + first * Machine::kStepWeights;
    for (int step = first; step < last; ++step) {
      typename Machine::Factors weights[kRegisters];
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) weights[c] = Machine::LoadWeights(weight, c);
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) {
        const auto input = Machine::Broadcast(in + r * tile.in_stride);
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
      in += Machine::kStepInputs;
      weight += Machine::kStepWeights;
    }
  }

  // The residual comes last: the sums before are usually much smaller, and so are their roundings.
  void Store(const Tile<Machine>& tile) const {
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) {
      float* out = tile.out + r * tile.out_stride;
#pragma GCC unroll 3
      for (size_t c = 0; c < kRegisters; ++c) {
        typename Machine::Register sum = sums_[r][c];
        if (tile.residual != nullptr) {
          sum = Machine::Add(sum,
                             Machine::Load(tile.residual + r * tile.residual_stride + c * Machine::kLanes));
        }
        Machine::Store(out + c * Machine::kLanes, sum);
      }
    }
  }

 private:
  typename Machine::Register sums_[kRows][kRegisters];
};

template <typename Machine, size_t kRows, size_t kRegisters, bool kHalf, typename Pending>
[[gnu::noinline]] void RunTile(const Tile<Machine>& tile, Pending pending) {
  TileSums<Machine, kRows, kRegisters, kHalf> sums(tile);
  int step = 0;
  if (pending.count > 0) {
    // One activation every so many steps, or so many activations a step.
    const int steps_each = pending.steps / pending.count;
    const int each_step =
        pending.steps > 0 ? (pending.count + pending.steps - 1) / pending.steps : pending.count;
    for (int done = 0; done < pending.count;) {
      const int next = step + (steps_each > 0 ? steps_each : pending.steps > 0 ? 1 : 0);
      sums.Multiply(tile, step, next);
      step = next;
      const int until = steps_each > 0                     ? done + 1
                        : done + each_step < pending.count ? done + each_step
                                                           : pending.count;
      for (; done < until; ++done) pending.ApplyToNext();
    }
  }
  sums.Multiply(tile, step, tile.steps);
  sums.Store(tile);
}

// RunTile for a width of the panel that is known only now.
template <typename Machine, size_t kRows, typename Pending>
void RunPanel(const Tile<Machine>& tile, int outputs, const Pending& pending) {
  constexpr int kLanes = static_cast<int>(Machine::kLanes);
  const int registers = (outputs + kLanes - 1) / kLanes;
  const bool half = Machine::kHasHalf && outputs <= registers * kLanes - kLanes / 2;
  if constexpr (Machine::kHasHalf) {
    if (half) {
      if (registers == 1) return RunTile<Machine, kRows, 1, true>(tile, pending);
      if (registers == 2) return RunTile<Machine, kRows, 2, true>(tile, pending);
      return RunTile<Machine, kRows, 3, true>(tile, pending);
    }
  }
  if (registers == 1) return RunTile<Machine, kRows, 1, false>(tile, pending);
  if (registers == 2) return RunTile<Machine, kRows, 2, false>(tile, pending);
  if constexpr (Machine::kPanelRegisters == 3) return RunTile<Machine, kRows, 3, false>(tile, pending);
}

// Heights of tiles: as many of the first as fit, then of the next, down to one row.
constexpr size_t NextTileRows(size_t rows) { return rows == 6 ? 4 : rows / 2; }

// Calls tiles.template Run<kRows>(first_row) over all rows.
template <size_t kRows, typename Tiles>
void ForEachTile(size_t first, size_t rows, const Tiles& tiles) {
  for (; rows - first >= kRows; first += kRows) tiles.template Run<kRows>(first);
  if constexpr (kRows > 1) ForEachTile<NextTileRows(kRows)>(first, rows, tiles);
}

// Calls run(first, width) for each panel of `outputs`.
template <typename Machine, typename Run>
void ForEachPanel(int outputs, Run run) {
  constexpr int kPanel = Machine::kPanel;
  for (int first = 0; first < outputs; first += kPanel) {
    run(first, outputs - first < kPanel ? outputs - first : kPanel);
  }
}

// The tile of `layer`'s panel at output `first`, without rows.
template <typename Machine>
Tile<Machine> PanelTile(const PackedLinear& layer, int first) {
  Tile<Machine> tile = {};
  const size_t offset = static_cast<size_t>(first) * static_cast<size_t>(layer.inputs);
  tile.weight = static_cast<const typename Machine::Factor*>(layer.weight) + offset;
  tile.steps = layer.inputs / Machine::kStepInputs;
  tile.bias = layer.bias + first;
  return tile;
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
    ForEachPanel<Machine>(arguments_.layer.outputs, [&](int first, int width) {
      Tile<Machine> tile = PanelTile<Machine>(arguments_.layer, first);
      tile.in = static_cast<const typename Machine::Factor*>(arguments_.in) + row * arguments_.in_stride;
      tile.in_stride = arguments_.in_stride;
      if (arguments_.residual != nullptr) {
        tile.residual = arguments_.residual + row * arguments_.residual_stride + first;
        tile.residual_stride = arguments_.residual_stride;
      }
      tile.out = arguments_.out + row * arguments_.out_stride + first;
      tile.out_stride = arguments_.out_stride;
      RunPanel<Machine, kRows>(tile, width, NothingPending());
    });
  }

 private:
  const LinearArguments& arguments_;
};

template <typename Machine, Activation kActivation>
class VectorMlp {
 public:
  explicit VectorMlp(const MlpArguments& arguments) : arguments_(arguments) {
    float* scratch = static_cast<float*>(arguments.scratch);
    raw_[0] = scratch;
    raw_[1] = scratch + kRawFloats;
    hidden_ = reinterpret_cast<Factor*>(scratch + 2 * kRawFloats);
  }

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    ForEachTile<Machine::kTileRows>(0, rows, *this);
    ClearPadding<Machine>(arguments_.fc2.outputs, rows, arguments_.out, arguments_.out_stride);
  }

  template <size_t kRows>
  void Run(size_t row) const {
    constexpr int kLanes = static_cast<int>(Machine::kLanes);
    const auto hidden_stride = static_cast<size_t>(arguments_.fc1.outputs);
    Pending<Machine, kActivation> pending;
    int panel = 0;
    ForEachPanel<Machine>(arguments_.fc1.outputs, [&](int first, int width) {
      Tile<Machine> tile = PanelTile<Machine>(arguments_.fc1, first);
      tile.in = static_cast<const Factor*>(arguments_.in) + row * arguments_.in_stride;
      tile.in_stride = arguments_.in_stride;
      tile.out = raw_[panel++ % 2];
      tile.out_stride = static_cast<size_t>(width);
      pending.steps = Machine::kInterleaves ? tile.steps : 0;
      RunPanel<Machine, kRows>(tile, width, pending);
      pending.raw = tile.out;
      pending.hidden = hidden_ + first;
      pending.hidden_stride = hidden_stride;
      pending.registers = width / kLanes;
      pending.count = static_cast<int>(kRows) * pending.registers;
    });
    ForEachPanel<Machine>(arguments_.fc2.outputs, [&](int first, int width) {
      Tile<Machine> tile = PanelTile<Machine>(arguments_.fc2, first);
      tile.in = hidden_;
      tile.in_stride = hidden_stride;
      tile.residual = arguments_.residual + row * arguments_.residual_stride + first;
      tile.residual_stride = arguments_.residual_stride;
      tile.out = arguments_.out + row * arguments_.out_stride + first;
      tile.out_stride = arguments_.out_stride;
      // The last of the hidden values are needed at the end of the first panel.
      pending.steps =
          Machine::kInterleaves ? tile.steps - pending.registers * kLanes / Machine::kStepInputs : 0;
      RunPanel<Machine, kRows>(tile, width, pending);
      pending.count = 0;
    });
  }

 private:
  using Factor = typename Machine::Factor;
  static constexpr size_t kRawFloats = Machine::kTileRows * Machine::kPanelRegisters * Machine::kLanes;

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
