#ifndef MODEL_KERNELS_LINEAR_VECTOR_H_
#define MODEL_KERNELS_LINEAR_VECTOR_H_

#include <cstddef>

#include "model/kernels/linear.h"
#include "model/kernels/linear_panels.h"
#include "model/kernels/linear_tile.h"

// linear for a `Machine` (see linear_tile.h). For files of one instruction set only.
namespace edgenext::kernels {
namespace {

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
      this->template RunTiles<kRows, shape.kRegisters, shape.kHalf>(row, first, panels);
    });
  }

 private:
  using Factor = typename Machine::Factor;

  template <size_t kRows, size_t kRegisters, bool kHalf>
  [[gnu::noinline]] void RunTiles(size_t row, int first, int panels) const {
    const LinearArguments& a = arguments_;
    const Factor* in = static_cast<const Factor*>(a.in) + row * a.in_stride;
    const Factor* weight = layer_.Weight(first);
    for (int panel = first; panel < first + panels; ++panel) {
      TileSums<Machine, kRows, kRegisters, kHalf> sums(layer_.Bias(panel));
      FactorRows<Machine, 0> rows = {in, a.in_stride};
      const int steps = layer_.inputs / Machine::kStepInputs, stored = StoredSteps(steps);
      sums.Multiply(&rows, &weight, steps - stored);
      float* out = a.out + row * a.out_stride + panel * Machine::kPanel;
      if (a.residual == nullptr) {
        sums.MultiplyAndStore(rows, &weight, stored, StoreRows<Machine>{out, a.out_stride});
      } else {
        const float* residual = a.residual + row * a.residual_stride + panel * Machine::kPanel;
        sums.MultiplyAndStore(rows, &weight, stored,
                              StoreRowsWith<Machine>{residual, a.residual_stride, out, a.out_stride});
      }
    }
  }

  const LinearArguments& arguments_;
  const Layer<Machine> layer_;
};

template <typename Machine>
void RunLinear(const LinearArguments& arguments) {
  VectorLinear<Machine>(arguments).Run();
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LINEAR_VECTOR_H_
