#include <cstring>

#include "model/kernels/bfloat16.h"
#include "model/kernels/linear.h"
#include "model/kernels/maps.h"

namespace edgenext::kernels {
namespace {

constexpr size_t kMaxTileRows = 8;
constexpr size_t kMaxPanel = 48;

size_t Panels(const LinearKernels& kernels, int outputs) {
  return static_cast<size_t>((outputs + kernels.panel - 1) / kernels.panel);
}

template <typename Factor, typename Convert>
void Pack(const float* weight, size_t inputs, size_t outputs, size_t panel, size_t pair, Convert convert,
          Factor* packed) {
  for (size_t first = 0; first < outputs; first += panel) {
    for (size_t i = 0; i < inputs; i += pair) {
      for (size_t o = first; o < first + panel; ++o) {
        for (size_t j = i; j < i + pair; ++j) {
          *packed++ = o < outputs ? convert(weight[o * inputs + j]) : Factor{};
        }
      }
    }
  }
}

}  // namespace

const char* PrecisionName(Precision precision) { return precision == Precision::kF32 ? "f32" : "bf16"; }

size_t MlpScratchBytes(int hidden) {
  // A tile's hidden values in whole panels, and two panels of them before their activation.
  const size_t panels = (static_cast<size_t>(hidden) + kMaxPanel - 1) / kMaxPanel;
  return kMaxTileRows * (panels + 2) * kMaxPanel * sizeof(float);
}

size_t PackedLinearBytes(const LinearKernels& kernels, int inputs, int outputs) {
  return Panels(kernels, outputs) * static_cast<size_t>(kernels.panel) * static_cast<size_t>(inputs) *
         kernels.factor_bytes;
}

void PackLinear(const LinearKernels& kernels, const float* weight, int inputs, int outputs, void* packed) {
  const auto in = static_cast<size_t>(inputs), out = static_cast<size_t>(outputs);
  const auto panel = static_cast<size_t>(kernels.panel);
  if (kernels.precision == Precision::kF32) {
    Pack(
        weight, in, out, panel, 1, [](float value) { return value; }, static_cast<float*>(packed));
  } else {
    Pack(weight, in, out, panel, 2, &ToBfloat16, static_cast<Bfloat16*>(packed));
  }
}

}  // namespace edgenext::kernels
