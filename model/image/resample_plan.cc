#include "model/image/resample_plan.h"

#include <algorithm>
#include <cmath>

namespace edgenext {
namespace {

constexpr double kBicubicSupport = 2.0;
constexpr int kFractionBits = 22;
constexpr int kLowBits = 12;

// Keys' cubic convolution with a = -0.5.
double Bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

}  // namespace

void ResamplePlan::Make(const AxisCrop& crop) {
  is_copy_ = crop.resized == crop.input;
  if (is_copy_) {
    first_input_ = static_cast<int>(crop.offset);
    input_count_ = crop.kept;
    return;
  }
  first_.clear();
  taps_.clear();
  high_.clear();
  low_.clear();

  const double scale = static_cast<double>(crop.input) / static_cast<double>(crop.resized);
  const double filter_scale = std::max(scale, 1.0);
  const double support = kBicubicSupport * filter_scale;
  const size_t most_taps =
      std::min(static_cast<size_t>(std::ceil(support)) * 2 + 1, static_cast<size_t>(crop.input));
  stride_ = (most_taps + 7) / 8 * 8;
  for (int i = 0; i < crop.kept; ++i) {
    AddOutput((static_cast<double>(crop.offset + i) + 0.5) * scale, support, filter_scale, crop.input);
  }

  first_input_ = first_.front();
  input_count_ = first_.back() + taps_.back() - first_input_;
  for (int32_t& first : first_) first -= first_input_;
}

void ResamplePlan::AddOutput(double center, double support, double filter_scale, int input_size) {
  // NOLINTBEGIN(bugprone-incorrect-roundings): as Pillow rounds
  const int begin = std::max(static_cast<int>(center - support + 0.5), 0);
  const int end = std::min(static_cast<int>(center + support + 0.5), input_size);
  // NOLINTEND(bugprone-incorrect-roundings)
  weights_.clear();
  double sum = 0.0;
  for (int i = begin; i < end; ++i) {
    weights_.push_back(Bicubic((i - center + 0.5) * (1.0 / filter_scale)));
    sum += weights_.back();
  }
  const size_t row = high_.size();
  high_.resize(row + stride_);
  low_.resize(row + stride_);
  for (size_t k = 0; k < weights_.size(); ++k) {
    const double weight = sum == 0.0 ? weights_[k] : weights_[k] / sum;
    const int32_t coefficient =
        static_cast<int32_t>(weight * (1 << kFractionBits) + (weight < 0 ? -0.5 : 0.5));
    high_[row + k] = static_cast<int16_t>(coefficient >> kLowBits);
    low_[row + k] = static_cast<int16_t>(coefficient & ((1 << kLowBits) - 1));
  }
  first_.push_back(begin);
  taps_.push_back(end - begin);
}

kernels::ResampleAxis ResamplePlan::axis() const {
  return {static_cast<int>(first_.size()), first_.data(), taps_.data(), high_.data(), low_.data(), stride_};
}

}  // namespace edgenext
