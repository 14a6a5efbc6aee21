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

// How much of a panel holds outputs: registers, of which the last one counts half if kHalf.
template <size_t kRegistersValue, bool kHalfValue>
struct PanelShape {
  static constexpr size_t kRegisters = kRegistersValue;
  static constexpr bool kHalf = kHalfValue;
};

// Calls run(shape, first, panels) for the whole panels of `outputs`, and then for what is left, whose shape
// is known only now.
template <typename Machine, typename Run>
[[gnu::always_inline]] inline void ForEachPanelShape(int outputs, Run run) {
  constexpr int kLanes = static_cast<int>(Machine::kLanes);
  const int whole = outputs / Machine::kPanel, left = outputs % Machine::kPanel;
  if (whole > 0) run(PanelShape<Machine::kPanelRegisters, false>(), 0, whole);
  if (left == 0) return;
  const int registers = (left + kLanes - 1) / kLanes;
  if constexpr (Machine::kHasHalf) {
    if (left <= registers * kLanes - kLanes / 2) {
      if (registers == 1) return run(PanelShape<1, true>(), whole, 1);
      if (registers == 2) return run(PanelShape<2, true>(), whole, 1);
      return run(PanelShape<3, true>(), whole, 1);
    }
  }
  if (registers == 1) return run(PanelShape<1, false>(), whole, 1);
  if constexpr (Machine::kPanelRegisters == 3) {
    if (registers == 2) return run(PanelShape<2, false>(), whole, 1);
  }
  run(PanelShape<Machine::kPanelRegisters, false>(), whole, 1);
}

// A layer as tiles read it.
template <typename Machine>
struct Layer {
  explicit Layer(const PackedLinear& layer)
      : weight(static_cast<const typename Machine::Factor*>(layer.weight)),
        bias(layer.bias),
        inputs(layer.inputs),
        outputs(layer.outputs) {}

  const typename Machine::Factor* Weight(int panel) const {
    return weight + static_cast<size_t>(panel * Machine::kPanel) * static_cast<size_t>(inputs);
  }
  const float* Bias(int panel) const { return bias + panel * Machine::kPanel; }

  const typename Machine::Factor* weight;
  const float* bias;
  int inputs;
  int outputs;
};

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

// How many steps of a tile go with its stores.
constexpr int kLastSteps = 4;

// Between two tiles as little as can be is stored: the sums of the one before wait in the store queue, which
// they almost fill, and what is loaded after them from a newer store waits as well. So the kernels run over
// neighbouring panels without leaving a function, and find their places from what was stored long ago.

template <typename Machine>
class VectorLinear {
 public:
  explicit VectorLinear(const LinearArguments& arguments) : arguments_(arguments), layer_(arguments.layer) {}

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    ForEachTile<Machine::kTileRows>(0, rows, *this);
    ClearPadding<Machine>(layer_.outputs, rows, arguments_.out, arguments_.out_stride);
  }

  template <size_t kRows>
  void Run(size_t row) const {
    ForEachPanelShape<Machine>(layer_.outputs, [this, row](auto shape, int first, int panels) {
      RunTiles<kRows, shape.kRegisters, shape.kHalf>(row, first, panels);
    });
  }

 private:
  using Factor = typename Machine::Factor;
  using Register = typename Machine::Register;

  template <size_t kRows, size_t kRegisters, bool kHalf>
  [[gnu::noinline]] void RunTiles(size_t row, int first, int panels) const {
    const LinearArguments& a = arguments_;
    const Factor* in = static_cast<const Factor*>(a.in) + row * a.in_stride;
    const Factor* weight = layer_.Weight(first);
    for (int panel = first; panel < first + panels; ++panel) {
      TileSums<Machine, kRows, kRegisters, kHalf> sums(layer_.Bias(panel));
      FactorRows<Machine, 0> rows = {in, a.in_stride};
      const int steps = layer_.inputs / Machine::kStepInputs, last = steps < kLastSteps ? steps : kLastSteps;
      sums.Multiply(&rows, &weight, steps - last);
      float* out = a.out + row * a.out_stride + panel * Machine::kPanel;
      if (a.residual == nullptr) {
        sums.MultiplyAndStore(rows, &weight, last, [&](size_t r, size_t c, Register sum) {
          Machine::Store(out + r * a.out_stride + c, sum);
        });
      } else {
        const float* residual = a.residual + row * a.residual_stride + panel * Machine::kPanel;
        sums.MultiplyAndStore(rows, &weight, last, [&](size_t r, size_t c, Register sum) {
          Machine::Store(out + r * a.out_stride + c,
                         Machine::Add(sum, Machine::Load(residual + r * a.residual_stride + c)));
        });
      }
    }
  }

  const LinearArguments& arguments_;
  const Layer<Machine> layer_;
};

// The hidden values of a tile lie in blocks, [blocks, tile rows, panel], the last one as wide as what is
// left.
template <typename Machine, Activation kActivation>
class VectorMlp {
 public:
  explicit VectorMlp(const MlpArguments& arguments)
      : arguments_(arguments),
        fc1_(arguments.fc1),
        fc2_(arguments.fc2),
        raw_(static_cast<float*>(arguments.scratch)),
        hidden_(reinterpret_cast<Factor*>(raw_ + 2 * kBlock)) {}

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    ForEachTile<Machine::kTileRows>(0, rows, *this);
    ClearPadding<Machine>(fc2_.outputs, rows, arguments_.out, arguments_.out_stride);
  }

  template <size_t kRows>
  void Run(size_t row) const {
    ForEachPanelShape<Machine>(fc1_.outputs, [this, row](auto shape, int first, int panels) {
      RunFc1<kRows, shape.kRegisters, shape.kHalf>(row, first, panels);
    });
    ForEachPanelShape<Machine>(fc2_.outputs, [this, row](auto shape, int first, int panels) {
      RunFc2<kRows, shape.kRegisters, shape.kHalf>(row, first, panels);
    });
  }

 private:
  using Factor = typename Machine::Factor;
  using Register = typename Machine::Register;
  static constexpr size_t kBlock = Machine::kTileRows * Machine::kPanel;

  // What block `block` still lacks after its tile, whose values without activation lie in two places by
  // turns.
  template <size_t kRows>
  Pending<Machine, kActivation> PendingBlock(int block, size_t width) const {
    return {raw_ + (block % 2) * static_cast<int>(kBlock),
            hidden_ + static_cast<size_t>(block) * kRows * Machine::kPanel,
            static_cast<int>(kRows * width / Machine::kLanes)};
  }

  template <size_t kRows, size_t kRegisters, bool kHalf>
  [[gnu::noinline]] void RunFc1(size_t row, int first, int panels) const {
    const Factor* in = static_cast<const Factor*>(arguments_.in) + row * arguments_.in_stride;
    const Factor* weight = fc1_.Weight(first);
    Pending<Machine, kActivation> pending;
    if (first > 0) pending = PendingBlock<kRows>(first - 1, Machine::kPanel);
    for (int panel = first; panel < first + panels; ++panel) {
      TileSums<Machine, kRows, kRegisters, kHalf> sums(fc1_.Bias(panel));
      FactorRows<Machine, 0> rows = {in, arguments_.in_stride};
      const int steps = fc1_.inputs / Machine::kStepInputs, last = steps < kLastSteps ? steps : kLastSteps;
      sums.MultiplyAndApply(&rows, &weight, steps - last, &pending);
      constexpr size_t kWidth = kRegisters * Machine::kLanes;
      pending = PendingBlock<kRows>(panel, kWidth);
      float* const raw = raw_ + (panel % 2) * static_cast<int>(kBlock);
      sums.MultiplyAndStore(rows, &weight, last, [raw](size_t r, size_t c, Register sum) {
        Machine::Store(raw + r * kWidth + c, sum);
      });
    }
  }

  template <size_t kRows, size_t kRegisters, bool kHalf>
  [[gnu::noinline]] void RunFc2(size_t row, int first, int panels) const {
    const MlpArguments& a = arguments_;
    const Factor* weight = fc2_.Weight(first);
    Pending<Machine, kActivation> pending;
    if (first == 0) {
      const int last = (fc2_.inputs - 1) / Machine::kPanel;
      pending = PendingBlock<kRows>(last, static_cast<size_t>(fc2_.inputs - last * Machine::kPanel));
    }
    for (int panel = first; panel < first + panels; ++panel) {
      TileSums<Machine, kRows, kRegisters, kHalf> sums(fc2_.Bias(panel));
      const Factor* block = hidden_;
      int left = fc2_.inputs;
      for (; left > Machine::kPanel; left -= Machine::kPanel, block += kRows * Machine::kPanel) {
        FactorRows<Machine, Machine::kPanel> rows = {block, 0};
        sums.MultiplyAndApply(&rows, &weight, Machine::kPanel / Machine::kStepInputs, &pending);
      }
      while (pending.count > 0) pending.ApplyToNext();
      FactorRows<Machine, 0> rows = {block, static_cast<size_t>(left)};
      sums.Multiply(&rows, &weight, left / Machine::kStepInputs - kLastSteps);
      const float* residual = a.residual + row * a.residual_stride + panel * Machine::kPanel;
      float* out = a.out + row * a.out_stride + panel * Machine::kPanel;
      sums.MultiplyAndStore(rows, &weight, kLastSteps, [&](size_t r, size_t c, Register sum) {
        Machine::Store(out + r * a.out_stride + c,
                       Machine::Add(sum, Machine::Load(residual + r * a.residual_stride + c)));
      });
    }
  }

  const MlpArguments& arguments_;
  const Layer<Machine> fc1_;
  const Layer<Machine> fc2_;
  float* const raw_;
  Factor* const hidden_;
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
