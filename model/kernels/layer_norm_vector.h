#ifndef MODEL_KERNELS_LAYER_NORM_VECTOR_H_
#define MODEL_KERNELS_LAYER_NORM_VECTOR_H_

#include <cstddef>

#include "model/kernels/linear.h"

namespace edgenext::kernels {
namespace {

// layer_norm for a `Machine` (see linear_vector.h). Machine::kLanes rows are done together, a register of
// each at a time: so their additions overlap, and their sums over channels are found by a transposition
// instead of one by one. For files of one instruction set only.
template <typename Machine>
class VectorLayerNorm {
 public:
  explicit VectorLayerNorm(const LayerNormArguments& arguments)
      : arguments_(arguments),
        channels_(static_cast<size_t>(arguments.channels)),
        lanes_(static_cast<size_t>(arguments.out_lanes)) {}

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    size_t row = 0;
    for (; row + kLanes <= rows; row += kLanes) RunGroup<true>(row, kLanes);
    if (row < rows) RunGroup<false>(row, rows - row);
  }

 private:
  using Register = typename Machine::Register;
  using Mask = typename Machine::Mask;
  static constexpr size_t kLanes = Machine::kLanes;

  // The row to read for row `r` of a group of `rows`: where there are fewer than kLanes (not kWhole), the
  // last one again and again, so that a row's result does not depend on its neighbours.
  template <bool kWhole>
  static size_t RowOf(size_t r, size_t rows) {
    return kWhole || r < rows ? r : rows - 1;
  }

  // The sums over channels of add(row, lanes, values, sum), for the rows of a group.
  template <bool kWhole, typename Add>
  [[gnu::always_inline]] Register SumRows(const float* in, size_t rows, Add add) const {
    Register sums[kLanes];
#pragma GCC unroll 16
    for (size_t r = 0; r < kLanes; ++r) sums[r] = Machine::Zero();
    for (size_t c = 0; c < channels_; c += kLanes) {
      const Mask mask = MaskAt(c);
#pragma GCC unroll 16
      for (size_t r = 0; r < kLanes; ++r) {
        const size_t row = RowOf<kWhole>(r, rows);
        sums[r] = add(row, mask, Machine::Load(in + row * arguments_.in_stride + c, mask), sums[r]);
      }
    }
    return Machine::SumEach(sums);
  }

  Mask MaskAt(size_t c) const {
    const size_t left = c < channels_ ? channels_ - c : 0;
    return Machine::FirstLanes(left < kLanes ? left : kLanes);
  }

  template <bool kWhole>
  void RunGroup(size_t first, size_t rows) const {
    const float* in = arguments_.in + first * arguments_.in_stride;
    const Register count = Machine::Broadcast(static_cast<float>(channels_));
    alignas(64) float means[kLanes], scales[kLanes];
    const Register sums = SumRows<kWhole>(
        in, rows, [](size_t, Mask, Register x, Register sum) { return Machine::Add(sum, x); });
    Machine::Store(means, Machine::Divide(sums, count));
    const Register squares =
        SumRows<kWhole>(in, rows, [&means](size_t row, Mask mask, Register x, Register sum) {
          const Register centred = Machine::Keep(Machine::Subtract(x, Machine::Broadcast(means[row])), mask);
          return Machine::MultiplyAdd(centred, centred, sum);
        });
    const Register variance =
        Machine::Add(Machine::Divide(squares, count), Machine::Broadcast(arguments_.epsilon));
    Machine::Store(scales, Machine::Divide(Machine::Broadcast(1.0f), Machine::SquareRoot(variance)));

    auto* out = static_cast<typename Machine::Factor*>(arguments_.out) + first * arguments_.out_stride;
    if (arguments_.weight == nullptr) {
      StoreRows<kWhole>(in, rows, out, means, scales, [](Register x, Register, Register) { return x; });
    } else {
      StoreRows<kWhole>(in, rows, out, means, scales, [](Register x, Register weight, Register bias) {
        return Machine::MultiplyAdd(x, weight, bias);
      });
    }
  }

  template <bool kWhole, typename Affine>
  [[gnu::always_inline]] void StoreRows(const float* in, size_t rows, typename Machine::Factor* out,
                                        const float* means, const float* scales, Affine affine) const {
    for (size_t c = 0; c < lanes_; c += kLanes) {
      const Mask mask = MaskAt(c);
      const bool affine_here = arguments_.weight != nullptr && c < channels_;
      const Register weight = affine_here ? Machine::Load(arguments_.weight + c, mask) : Machine::Zero();
      const Register bias = affine_here ? Machine::Load(arguments_.bias + c, mask) : Machine::Zero();
      const size_t written = lanes_ - c < kLanes ? lanes_ - c : kLanes;
      const float* from = in + c;
      typename Machine::Factor* to = out + c;
      for (size_t r = 0; r < (kWhole ? kLanes : rows); ++r) {
        const Register centred = Machine::Subtract(Machine::Load(from, mask), Machine::Broadcast(means[r]));
        const Register normalised = Machine::Multiply(centred, Machine::Broadcast(scales[r]));
        const Register result = Machine::Keep(affine(normalised, weight, bias), mask);
        if (written == kLanes) {
          Machine::StoreFactors(to, result);
        } else {
          Machine::StoreFactors(to, result, Machine::FirstLanes(written));
        }
        from += arguments_.in_stride;
        to += arguments_.out_stride;
      }
    }
  }

  const LayerNormArguments& arguments_;
  const size_t channels_;
  const size_t lanes_;
};

template <typename Machine>
void RunLayerNorm(const LayerNormArguments& arguments) {
  VectorLayerNorm<Machine>(arguments).Run();
}

template <typename Machine>
void RunConvert(const ConvertArguments& arguments) {
  constexpr size_t kLanes = Machine::kLanes;
  const auto channels = static_cast<size_t>(arguments.channels);
  const auto lanes = static_cast<size_t>(arguments.out_lanes);
  const float* in = arguments.in;
  auto* out = static_cast<typename Machine::Factor*>(arguments.out);
  for (int row = 0; row < arguments.rows; ++row, in += arguments.in_stride, out += arguments.out_stride) {
    size_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) Machine::StoreFactors(out + c, Machine::Load(in + c));
    for (; c < lanes; c += kLanes) {
      const size_t left = c < channels ? channels - c : 0, written = lanes - c < kLanes ? lanes - c : kLanes;
      Machine::StoreFactors(out + c, Machine::Load(in + c, Machine::FirstLanes(left)),
                            Machine::FirstLanes(written));
    }
  }
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LAYER_NORM_VECTOR_H_
