#ifndef MODEL_OPS_SHAPE_CHECK_H_
#define MODEL_OPS_SHAPE_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/tensor/tensor.h"

namespace edgenext::ops {

// INVALID_ARGUMENT "linear 64x24x96: weight is [96, 48], expected [96, 24]" and the like.
inline absl::Status CheckShape(absl::string_view op, absl::string_view what, const TensorView& tensor,
                               const Shape& expected) {
  if (tensor.shape == expected && tensor.values.size() == static_cast<size_t>(ElementCount(expected))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(op, ": ", what, " is ", ShapeText(tensor.shape), " with ",
                                                 tensor.values.size(), " values, expected ",
                                                 ShapeText(expected)));
}

// As CheckShape for a bias, which may be missing.
inline absl::Status CheckBias(absl::string_view op, const TensorView& bias, int outputs) {
  return bias.values.empty() ? absl::OkStatus() : CheckShape(op, "bias", bias, {outputs});
}

}  // namespace edgenext::ops

#endif  // MODEL_OPS_SHAPE_CHECK_H_
