#ifndef MODEL_OPS_CONVOLUTION_H_
#define MODEL_OPS_CONVOLUTION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "model/ops/packer.h"
#include "model/ops/program.h"
#include "model/tensor/tensor.h"

namespace edgenext::ops {

class PackedPrimitive;

struct ConvolutionSpec {
  int height = 0;  // of the input
  int width = 0;
  int inputs = 0;  // channels
  int outputs = 0;
  int kernel = 0;  // its side
  int stride = 1;
  int padding = 0;  // zeros around the input, on every side
  // Whether output channel c sees input channel c alone (inputs == outputs), or every one.
  bool depthwise = false;

  int OutputHeight() const { return (height + 2 * padding - kernel) / stride + 1; }
  int OutputWidth() const { return (width + 2 * padding - kernel) / stride + 1; }
};

// A two-dimensional convolution of one image, channels innermost. A value type; thread-safe.
class Convolution {
 public:
  // `weight` is [outputs, inputs (1 if depthwise), kernel, kernel], `bias` [outputs] or empty.
  // INVALID_ARGUMENT for other shapes.
  static absl::StatusOr<Convolution> Make(Packer& packer, const ConvolutionSpec& spec,
                                          const TensorView& weight, const TensorView& bias);

  // `source` is [height, width, inputs], `destination` [OutputHeight, OutputWidth, outputs], dense; they must
  // not overlap.
  void AppendTo(Program& program, const float* source, float* destination) const;

  const ConvolutionSpec& spec() const { return spec_; }

 private:
  Convolution(const ConvolutionSpec& spec, std::shared_ptr<const PackedPrimitive> primitive);

  ConvolutionSpec spec_;
  std::shared_ptr<const PackedPrimitive> primitive_;
};

}  // namespace edgenext::ops

#endif  // MODEL_OPS_CONVOLUTION_H_
