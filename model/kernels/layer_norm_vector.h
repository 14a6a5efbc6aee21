#ifndef MODEL_KERNELS_LAYER_NORM_VECTOR_H_
#define MODEL_KERNELS_LAYER_NORM_VECTOR_H_

#include <cstddef>

#include "model/kernels/linear.h"

namespace edgenext::kernels {
namespace {

// Writes map(c, lanes, values) of a row's channels, a register at channel c with those lanes valid, and zero
// in the lanes beyond the channels.
template <typename Machine, typename Map>
void StoreRow(const float* in, size_t channels, size_t lanes, typename Machine::Factor* out, Map map) {
  constexpr size_t kLanes = Machine::kLanes;
  size_t c = 0;
  const auto all = Machine::FirstLanes(kLanes);
  for (; c + kLanes <= channels; c += kLanes)
    Machine::StoreFactors(out + c, map(c, all, Machine::Load(in + c)));
  for (; c < lanes; c += kLanes) {
    const auto mask = Machine::FirstLanes(c < channels ? channels - c : 0);
    const auto last = Machine::Keep(map(c, mask, Machine::Load(in + c, mask)), mask);
    if (lanes - c >= kLanes) {
      Machine::StoreFactors(out + c, last);
    } else {
      Machine::StoreFactors(out + c, last, Machine::FirstLanes(lanes - c));
    }
  }
}

// layer_norm for a `Machine` (see linear_vector.h). Machine::kLanes rows are done together, so that their
// sums over channels are found by a transposition instead of one by one. For files of one instruction set
// only.
template <typename Machine>
class VectorLayerNorm {
 public:
  explicit VectorLayerNorm(const LayerNormArguments& arguments)
      : arguments_(arguments),
        channels_(static_cast<size_t>(arguments.channels)),
        whole_((channels_ - 1) / kLanes * kLanes),
        tail_(Machine::FirstLanes(channels_ - whole_)),
        lanes_(static_cast<size_t>(arguments.out_lanes)) {}

  void Run() const {
    const auto rows = static_cast<size_t>(arguments_.rows);
    for (size_t row = 0; row < rows; row += kLanes) RunGroup(row, rows - row < kLanes ? rows - row : kLanes);
  }

 private:
  using Register = typename Machine::Register;
  using Mask = typename Machine::Mask;
  static constexpr size_t kLanes = Machine::kLanes;

  // The sums over channels of map(row, value), for the rows of a group: where there are fewer than kLanes,
  // the last one again and again, so that a row's result does not depend on its neighbours.
  template <typename Map>
  Register SumRows(const float* in, size_t rows, Map map) const {
    Register sums[kLanes];
    for (size_t r = 0; r < kLanes; ++r) {
      const size_t row = r < rows ? r : rows - 1;
      const float* from = in + row * arguments_.in_stride;
      Register sum = Machine::Keep(map(row, Machine::Load(from + whole_, tail_)), tail_);
      for (size_t c = 0; c < whole_; c += kLanes) sum = Machine::Add(sum, map(row, Machine::Load(from + c)));
      sums[r] = sum;
    }
    return Machine::SumEach(sums);
  }

  void RunGroup(size_t first, size_t rows) const {
    const float* in = arguments_.in + first * arguments_.in_stride;
    const Register count = Machine::Broadcast(static_cast<float>(channels_));
    alignas(64) float means[kLanes], scales[kLanes];
    const Register sums = SumRows(in, rows, [](size_t, Register x) { return x; });
    Machine::Store(means, Machine::Divide(sums, count));
    const Register squares = SumRows(in, rows, [&means](size_t row, Register x) {
      const Register centred = Machine::Subtract(x, Machine::Broadcast(means[row]));
      return Machine::Multiply(centred, centred);
    });
    const Register variance =
        Machine::Add(Machine::Divide(squares, count), Machine::Broadcast(arguments_.epsilon));
    Machine::Store(scales, Machine::Divide(Machine::Broadcast(1.0f), Machine::SquareRoot(variance)));

    auto* out = static_cast<typename Machine::Factor*>(arguments_.out) + first * arguments_.out_stride;
    for (size_t r = 0; r < rows; ++r, in += arguments_.in_stride, out += arguments_.out_stride) {
      const Register mean = Machine::Broadcast(means[r]);
      const Register scale = Machine::Broadcast(scales[r]);
      const auto normalise = [mean, scale](Register x) {
        return Machine::Multiply(Machine::Subtract(x, mean), scale);
      };
      if (arguments_.weight == nullptr) {
        StoreRow<Machine>(in, channels_, lanes_, out,
                          [normalise](size_t, Mask, Register x) { return normalise(x); });
      } else {
        StoreRow<Machine>(in, channels_, lanes_, out, [this, normalise](size_t c, Mask lanes, Register x) {
          return Machine::MultiplyAdd(normalise(x), Machine::Load(arguments_.weight + c, lanes),
                                      Machine::Load(arguments_.bias + c, lanes));
        });
      }
    }
  }

  const LayerNormArguments& arguments_;
  const size_t channels_;
  const size_t whole_;  // channels before the last register, which may be whole too
  const typename Machine::Mask tail_;
  const size_t lanes_;
};

template <typename Machine>
void RunLayerNorm(const LayerNormArguments& arguments) {
  VectorLayerNorm<Machine>(arguments).Run();
}

template <typename Machine>
void RunConvert(const ConvertArguments& arguments) {
  const auto channels = static_cast<size_t>(arguments.channels);
  const float* in = arguments.in;
  auto* out = static_cast<typename Machine::Factor*>(arguments.out);
  for (int row = 0; row < arguments.rows; ++row, in += arguments.in_stride, out += arguments.out_stride) {
    StoreRow<Machine>(in, channels, static_cast<size_t>(arguments.out_lanes), out,
                      [](size_t, typename Machine::Mask, typename Machine::Register x) { return x; });
  }
}

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LAYER_NORM_VECTOR_H_
