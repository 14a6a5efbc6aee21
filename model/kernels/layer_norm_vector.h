#ifndef MODEL_KERNELS_LAYER_NORM_VECTOR_H_
#define MODEL_KERNELS_LAYER_NORM_VECTOR_H_

#include <cstddef>

#include "model/kernels/linear.h"

namespace edgenext::kernels {
namespace {

// layer_norm for a `Machine` (see linear_tile.h). Machine::kLanes rows are done together, so that their
// sums over channels are found by one transposition and do not wait for each other. For files of one
// instruction set only.
template <typename Machine>
class VectorLayerNorm {
 public:
  explicit VectorLayerNorm(const LayerNormArguments& arguments)
      : arguments_(arguments),
        whole_(static_cast<size_t>(arguments.channels) / kLanes * kLanes),
        tail_(static_cast<size_t>(arguments.channels) - whole_),
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
  using Factor = typename Machine::Factor;
  static constexpr size_t kLanes = Machine::kLanes;

  // The sums over channels of term(row, values), for the `rows` rows of a group; where there are fewer than
  // kLanes (not kWhole), the last one stands for those that are not there.
  template <bool kWhole, typename Term>
  [[gnu::always_inline]] Register SumRows(const float* in, size_t rows, Term term) const {
    Register sums[kLanes];
#pragma GCC unroll 16
    for (size_t r = 0; r < kLanes; ++r) {
      const size_t row = kWhole || r < rows ? r : rows - 1;
      const float* from = in + row * arguments_.in_stride;
      Register sum = Machine::Zero();
      for (const float* const end = from + whole_; from != end; from += kLanes) {
        sum = Machine::Add(sum, term(row, Machine::Load(from)));
      }
      if (tail_ > 0) {
        const Mask mask = Machine::FirstLanes(tail_);
        sum = Machine::Add(sum, Machine::Keep(term(row, Machine::Load(from, mask)), mask));
      }
      sums[r] = sum;
    }
    return Machine::SumEach(sums);
  }

  template <bool kWhole>
  void RunGroup(size_t first, size_t rows) const {
    const float* in = arguments_.in + first * arguments_.in_stride;
    const Register count = Machine::Broadcast(static_cast<float>(arguments_.channels));
    alignas(64) float means[kLanes], scales[kLanes];
    const Register sums = SumRows<kWhole>(in, rows, [](size_t, Register x) { return x; });
    Machine::Store(means, Machine::Divide(sums, count));
    const Register squares = SumRows<kWhole>(in, rows, [&means](size_t row, Register x) {
      const Register centred = Machine::Subtract(x, Machine::Broadcast(means[row]));
      return Machine::Multiply(centred, centred);
    });
    const Register variance =
        Machine::Add(Machine::Divide(squares, count), Machine::Broadcast(arguments_.epsilon));
    Machine::Store(scales, Machine::Divide(Machine::Broadcast(1.0f), Machine::SquareRoot(variance)));

    Factor* out = static_cast<Factor*>(arguments_.out) + first * arguments_.out_stride;
    for (size_t r = 0; r < (kWhole ? kLanes : rows); ++r) {
      if (arguments_.weight == nullptr) {
        StoreRow<false>(in, means[r], scales[r], out);
      } else {
        StoreRow<true>(in, means[r], scales[r], out);
      }
      in += arguments_.in_stride;
      out += arguments_.out_stride;
    }
  }

  template <bool kAffine>
  [[gnu::always_inline]] void StoreRow(const float* in, float mean, float scale, Factor* out) const {
    const Register means = Machine::Broadcast(mean), scales = Machine::Broadcast(scale);
    const auto normalised = [&](Register x) {
      return Machine::Multiply(Machine::Subtract(x, means), scales);
    };
    size_t c = 0;
    for (; c < whole_; c += kLanes) {
      Register result = normalised(Machine::Load(in + c));
      if constexpr (kAffine) {
        result = Machine::MultiplyAdd(result, Machine::Load(arguments_.weight + c),
                                      Machine::Load(arguments_.bias + c));
      }
      Machine::StoreFactors(out + c, result);
    }
    if (tail_ > 0) {
      const Mask mask = Machine::FirstLanes(tail_);
      Register result = normalised(Machine::Load(in + c, mask));
      if constexpr (kAffine) {
        result = Machine::MultiplyAdd(result, Machine::Load(arguments_.weight + c, mask),
                                      Machine::Load(arguments_.bias + c, mask));
      }
      StoreLanes(out, c, Machine::Keep(result, mask));
      c += kLanes;
    }
    for (; c < lanes_; c += kLanes) StoreLanes(out, c, Machine::Zero());
  }

  // Stores the lanes of a register that a row of the result has from `c` on.
  void StoreLanes(Factor* out, size_t c, Register a) const {
    const size_t left = lanes_ - c;
    Machine::StoreFactors(out + c, a, Machine::FirstLanes(left < kLanes ? left : kLanes));
  }

  const LayerNormArguments& arguments_;
  const size_t whole_;  // channels in whole registers
  const size_t tail_;   // the others
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
