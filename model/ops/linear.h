#ifndef MODEL_OPS_LINEAR_H_
#define MODEL_OPS_LINEAR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "model/ops/packer.h"
#include "model/ops/program.h"
#include "model/tensor/tensor.h"

namespace edgenext::ops {

class PackedPrimitive;

enum class Activation {
  kNone,
  kGelu,       // x / 2 * (1 + erf(x / sqrt(2)))
  kHardswish,  // x * min(max(x + 3, 0), 6) / 6
};

struct LinearSpec {
  int rows = 0;
  int inputs = 0;
  int outputs = 0;
  Activation activation = Activation::kNone;
  // Whether the result is added to what the destination holds. Not together with an activation.
  bool accumulate = false;
};

// destination[r][o] (+)= activation(bias[o] + sum over i of source[r][i] * weight[o][i]). A value type;
// thread-safe.
class Linear {
 public:
  // `weight` is [outputs, inputs], `bias` [outputs] or empty. INVALID_ARGUMENT for other shapes.
  static absl::StatusOr<Linear> Make(Packer& packer, const LinearSpec& spec, const TensorView& weight,
                                     const TensorView& bias);

  // `source` is [rows, inputs] and `destination` [rows, outputs], dense; they must not overlap.
  void AppendTo(Program& program, const float* source, float* destination) const;

  const LinearSpec& spec() const { return spec_; }

 private:
  Linear(const LinearSpec& spec, std::shared_ptr<const PackedPrimitive> primitive);

  LinearSpec spec_;
  std::shared_ptr<const PackedPrimitive> primitive_;
};

}  // namespace edgenext::ops

#endif  // MODEL_OPS_LINEAR_H_
