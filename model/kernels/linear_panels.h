#ifndef MODEL_KERNELS_LINEAR_PANELS_H_
#define MODEL_KERNELS_LINEAR_PANELS_H_

#include <cstddef>

#include "model/kernels/linear.h"
#include "model/kernels/maps.h"

// How layers are divided into tiles (linear_tile.h): panels of outputs, and heights of tiles.
namespace edgenext::kernels {
namespace {

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

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LINEAR_PANELS_H_
