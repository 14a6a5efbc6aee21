#ifndef MODEL_KERNELS_MLP_VECTOR_H_
#define MODEL_KERNELS_MLP_VECTOR_H_

#include <cstddef>

#include "model/kernels/linear.h"
#include "model/kernels/linear_panels.h"
#include "model/kernels/linear_tile.h"

// mlp for a `Machine` (see linear_tile.h): both layers and the activation between them, for a tile of rows at
// a time. For files of one instruction set only.
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
      this->template RunFc1<kRows, shape.kRegisters, shape.kHalf>(row, first, panels);
    });
    ForEachPanelShape<Machine>(fc2_.outputs, [this, row](auto shape, int first, int panels) {
      this->template RunFc2<kRows, shape.kRegisters, shape.kHalf>(row, first, panels);
    });
  }

 private:
  using Factor = typename Machine::Factor;
  static constexpr size_t kBlock = Machine::kTileRows * Machine::kPanel;

  // Where the values of a block lie without activation: in two places by turns.
  float* Raw(int block) const { return raw_ + (block % 2) * static_cast<int>(kBlock); }

  // What a block still lacks after its tile.
  template <size_t kRows>
  Pending<Machine, kActivation> PendingBlock(int block, size_t width) const {
    return {Raw(block), hidden_ + static_cast<size_t>(block) * kRows * Machine::kPanel,
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
      const int steps = fc1_.inputs / Machine::kStepInputs, stored = StoredSteps(steps);
      sums.MultiplyAndApply(&rows, &weight, steps - stored, &pending);
      constexpr size_t kWidth = kRegisters * Machine::kLanes;
      pending = PendingBlock<kRows>(panel, kWidth);
      sums.MultiplyAndStore(rows, &weight, stored, StoreRows<Machine>{Raw(panel), kWidth});
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
      static_assert(Machine::kLanes / Machine::kStepInputs >= kStoredSteps,
                    "even the narrowest block has them");
      sums.Multiply(&rows, &weight, left / Machine::kStepInputs - kStoredSteps);
      const float* residual = a.residual + row * a.residual_stride + panel * Machine::kPanel;
      float* out = a.out + row * a.out_stride + panel * Machine::kPanel;
      sums.MultiplyAndStore(rows, &weight, kStoredSteps,
                            StoreRowsWith<Machine>{residual, a.residual_stride, out, a.out_stride});
    }
  }

  const MlpArguments& arguments_;
  const Layer<Machine> fc1_;
  const Layer<Machine> fc2_;
  float* const raw_;
  Factor* const hidden_;
};

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

#endif  // MODEL_KERNELS_MLP_VECTOR_H_
