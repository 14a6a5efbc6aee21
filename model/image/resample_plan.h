#ifndef MODEL_IMAGE_RESAMPLE_PLAN_H_
#define MODEL_IMAGE_RESAMPLE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/image/crop_geometry.h"
#include "model/kernels/kernels.h"

namespace edgenext {

// Pillow's antialiased bicubic coefficients (a = -0.5, support widened with the scale, 22 fractional bits)
// for the kept outputs of one axis, and the range of inputs that they read. The buffers are kept from plan to
// plan.
class ResamplePlan {
 public:
  void Make(const AxisCrop& crop);

  // Whether the kept outputs are just the inputs from first_input() on.
  bool is_copy() const { return is_copy_; }
  // The inputs that are read: [first_input, first_input + input_count).
  int first_input() const { return first_input_; }
  int input_count() const { return input_count_; }

  // For an input that starts at first_input(); valid until the next Make. Not for a copy.
  kernels::ResampleAxis axis() const;

 private:
  void AddOutput(double center, double support, double filter_scale, int input_size);

  bool is_copy_ = false;
  int first_input_ = 0;
  int input_count_ = 0;
  size_t stride_ = 0;
  std::vector<double> weights_;  // of the output in work
  std::vector<int32_t> first_;
  std::vector<int32_t> taps_;
  std::vector<int16_t> high_;
  std::vector<int16_t> low_;
};

}  // namespace edgenext

#endif  // MODEL_IMAGE_RESAMPLE_PLAN_H_
