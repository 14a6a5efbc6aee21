#ifndef MODEL_TENSOR_TENSOR_H_
#define MODEL_TENSOR_TENSOR_H_

#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "model/tensor/shape.h"

namespace edgenext {

// An owning float32 array, dense and row-major. A value type.
struct Tensor {
  Tensor() = default;
  // Zeros.
  explicit Tensor(Shape shape_in)
      : shape(std::move(shape_in)), values(static_cast<size_t>(ElementCount(shape))) {}

  bool empty() const { return values.empty(); }

  Shape shape;
  std::vector<float> values;
};

// A view of somebody else's dense, row-major float32 array.
struct TensorView {
  TensorView() = default;
  TensorView(Shape shape_in, absl::Span<const float> values_in)
      : shape(std::move(shape_in)), values(values_in) {}
  TensorView(const Tensor& tensor) : shape(tensor.shape), values(tensor.values) {}  // NOLINT: a view of it

  Shape shape;
  absl::Span<const float> values;
};

}  // namespace edgenext

#endif  // MODEL_TENSOR_TENSOR_H_
