#ifndef MODEL_KERNELS_LAYER_NORM_VECTOR_H_
#define MODEL_KERNELS_LAYER_NORM_VECTOR_H_

#include <math.h>

#include <cstddef>

#include "model/kernels/kernels.h"

namespace edgenext::kernels {
namespace {

// LayerNorm with the registers of `Vector` (vector_avx2.h, vector_avx512.h): three passes over a row, which
// is in the L1 cache after the first. For files of one instruction set only.
template <typename Vector>
class VectorLayerNorm {
 public:
  explicit VectorLayerNorm(const LayerNormArguments& arguments)
      : arguments_(arguments),
        channels_(static_cast<size_t>(arguments.channels)),
        whole_(channels_ / Vector::kLanes * Vector::kLanes),
        tail_(Vector::FirstLanes(channels_ - whole_)) {}

  void Run() const {
    const float* in = arguments_.in;
    float* out = arguments_.out;
    for (int row = 0; row < arguments_.rows; ++row, in += channels_, out += channels_) RunRow(in, out);
  }

 private:
  using Register = typename Vector::Register;

  // The sum over a row of map(channels), in two registers that take turns so that their additions overlap.
  template <typename Map>
  float SumOver(const float* in, Map map) const {
    constexpr size_t kLanes = Vector::kLanes;
    Register even = Vector::Zero(), odd = Vector::Zero();
    size_t c = 0;
    for (; c + 2 * kLanes <= whole_; c += 2 * kLanes) {
      even = Vector::Add(even, map(Vector::Load(in + c)));
      odd = Vector::Add(odd, map(Vector::Load(in + c + kLanes)));
    }
    if (c < whole_) even = Vector::Add(even, map(Vector::Load(in + c)));
    if (whole_ < channels_) {
      odd = Vector::Add(odd, Vector::Keep(map(Vector::Load(in + whole_, tail_)), tail_));
    }
    return Vector::Sum(Vector::Add(even, odd));
  }

  void RunRow(const float* in, float* out) const {
    const float count = static_cast<float>(channels_);
    const Register mean = Vector::Broadcast(SumOver(in, [](Register x) { return x; }) / count);
    const float variance = SumOver(in,
                                   [mean](Register x) {
                                     const Register centred = Vector::Subtract(x, mean);
                                     return Vector::Multiply(centred, centred);
                                   }) /
                           count;
    const Register scale = Vector::Broadcast(1.0f / sqrtf(variance + arguments_.epsilon));
    const auto normalise = [mean, scale](Register x, Register weight, Register bias) {
      return Vector::MultiplyAdd(Vector::Multiply(Vector::Subtract(x, mean), scale), weight, bias);
    };
    for (size_t c = 0; c < whole_; c += Vector::kLanes) {
      Vector::Store(out + c, normalise(Vector::Load(in + c), Vector::Load(arguments_.weight + c),
                                       Vector::Load(arguments_.bias + c)));
    }
    if (whole_ < channels_) {
      Vector::Store(
          out + whole_,
          normalise(Vector::Load(in + whole_, tail_), Vector::Load(arguments_.weight + whole_, tail_),
                    Vector::Load(arguments_.bias + whole_, tail_)),
          tail_);
    }
  }

  const LayerNormArguments& arguments_;
  const size_t channels_;
  const size_t whole_;  // channels in whole registers
  const typename Vector::Mask tail_;
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LAYER_NORM_VECTOR_H_
