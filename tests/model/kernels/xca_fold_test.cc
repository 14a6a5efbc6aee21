#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/supported_tables.h"
#include "tests/model/kernels/xca_reference.h"

namespace edgenext::kernels {
namespace {

// Outputs that are packed together.
using Panel = int;

class XcaFoldTest : public testing::TestWithParam<std::tuple<const KernelTable*, XcaShape, Panel>> {
 protected:
  XcaFoldTest()
      : attention_(XcaAttentionFloats(shape_)),
        value_weight_(Matrix(1'000'000)),
        proj_weight_(Matrix(2'000'000)),
        value_bias_(PaddedMatrix(1, channels_, stride_, [](size_t, size_t c) { return Noise(c + 30'000); })),
        proj_bias_(PaddedMatrix(1, channels_, stride_, [](size_t, size_t c) { return Noise(c + 40'000); })),
        weight_((channels_ + panel_ - 1) / panel_ * channels_ * panel_),
        bias_(stride_) {
    const size_t padded_dim = XcaPaddedDim(shape_.head_dim);
    for (size_t i = 0; i < attention_.size(); ++i) {
      attention_[i] = i % padded_dim < dim_ ? (1.0f + Noise(i)) / static_cast<float>(dim_) : 0.0f;
    }
    Floats scratch(XcaFoldScratchFloats(shape_));
    table_.xca->fold({shape_, attention_.data(), value_weight_.data(), value_bias_.data(),
                      proj_weight_.data(), proj_bias_.data(), stride_, std::get<2>(GetParam()),
                      weight_.data(), bias_.data(), scratch.data()});
  }

  Floats Matrix(uint64_t seed) const {
    return PaddedMatrix(channels_, channels_, stride_,
                        [=](size_t r, size_t c) { return Noise(seed + r * channels_ + c); });
  }

  // A applied to what `value` gives for a key's channel.
  template <typename Value>
  std::vector<double> Mix(Value value) const {
    std::vector<double> mixed;
    for (size_t c = 0; c < channels_; ++c) {
      double sum = 0.0;
      for (size_t j = 0; j < dim_; ++j)
        sum += AttentionAt(shape_, attention_, c, j) * value(c / dim_ * dim_ + j);
      mixed.push_back(sum);
    }
    return mixed;
  }

  double Project(const std::vector<double>& mixed, size_t n) const {
    double sum = 0.0;
    for (size_t c = 0; c < channels_; ++c) sum += proj_weight_.At(c * stride_ + n) * mixed[c];
    return sum;
  }

  // Values that should be equal but for the roundings of sums over channels of sums over a head: relative to
  // the largest of them, as all are of the same kind.
  class Comparison {
   public:
    void Add(double actual, double expected) {
      const double error = std::abs(actual - expected);
      worst_ = std::isnan(error) ? HUGE_VAL : std::max(worst_, error);
      largest_ = std::max(largest_, std::abs(expected));
    }
    void Check(const XcaShape& shape) const {
      const double roundings = std::sqrt(shape.channels()) + std::sqrt(shape.head_dim) + 4.0;
      EXPECT_LE(worst_, static_cast<double>(FLT_EPSILON) / 4.0 * roundings * largest_);
    }

   private:
    double worst_ = 0.0;
    double largest_ = 0.0;
  };

  double WeightAt(size_t n, size_t i) const {
    return weight_.At((n / panel_ * channels_ + i) * panel_ + n % panel_);
  }

  const KernelTable& table_ = *std::get<0>(GetParam());
  const XcaShape shape_ = std::get<1>(GetParam());
  const size_t panel_ = static_cast<size_t>(std::get<2>(GetParam()));
  const size_t dim_ = static_cast<size_t>(shape_.head_dim);
  const size_t channels_ = static_cast<size_t>(shape_.channels());
  // Rows of weights are further apart than they need be where panels are wide.
  const size_t stride_ = (channels_ + 15) / 16 * 16 + (panel_ == 48 ? 16 : 0);
  Floats attention_;
  const Floats value_weight_;
  const Floats proj_weight_;
  const Floats value_bias_;
  const Floats proj_bias_;
  Floats weight_;
  Floats bias_;
};

TEST_P(XcaFoldTest, WeightMatchesFloat64) {
  Comparison comparison;
  for (size_t i = 0; i < channels_; ++i) {
    const auto mixed = Mix([&](size_t c) { return value_weight_.At(c * stride_ + i); });
    for (size_t n = 0; n < channels_; ++n) comparison.Add(WeightAt(n, i), Project(mixed, n));
  }
  comparison.Check(shape_);
}

TEST_P(XcaFoldTest, BiasMatchesFloat64) {
  Comparison comparison;
  const auto mixed = Mix([&](size_t c) { return value_bias_.At(c); });
  for (size_t n = 0; n < channels_; ++n) comparison.Add(bias_.At(n), proj_bias_.At(n) + Project(mixed, n));
  comparison.Check(shape_);
}

TEST_P(XcaFoldTest, IsZeroBeyondItsOutputs) {
  for (size_t n = channels_; n < stride_; ++n) EXPECT_EQ(bias_[n], 0.0f) << n;
  for (size_t n = channels_; n % panel_ != 0; ++n) {
    for (size_t i = 0; i < channels_; ++i) ASSERT_EQ(WeightAt(n, i), 0.0) << "output " << n << " input " << i;
  }
}

// The way by tokens: values, A V by the kernel, projection.
TEST_P(XcaFoldTest, MatchesApplyThenProjection) {
  const size_t tokens = static_cast<size_t>(shape_.tokens);
  const Floats z = PaddedMatrix(tokens, channels_, stride_,
                                [this](size_t t, size_t c) { return Noise(5'000'000 + t * channels_ + c); });
  const Floats values = PaddedMatrix(tokens, channels_, channels_, [&](size_t t, size_t o) {
    double sum = value_bias_.At(o);
    for (size_t i = 0; i < channels_; ++i) sum += value_weight_.At(o * stride_ + i) * z.At(t * stride_ + i);
    return static_cast<float>(sum);
  });
  Floats applied(tokens * stride_);
  table_.xca->apply({shape_, attention_.data(), values.data(), channels_, applied.data(), stride_});
  Comparison comparison;
  for (size_t t = 0; t < tokens; ++t) {
    std::vector<double> mixed;
    for (size_t c = 0; c < channels_; ++c) mixed.push_back(applied.At(t * stride_ + c));
    for (size_t n = 0; n < channels_; ++n) {
      double folded = bias_.At(n);
      for (size_t i = 0; i < channels_; ++i) folded += WeightAt(n, i) * z.At(t * stride_ + i);
      comparison.Add(folded, proj_bias_.At(n) + Project(mixed, n));
    }
  }
  comparison.Check(shape_);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, XcaFoldTest,
    testing::Combine(testing::ValuesIn(SupportedTables()),
                     testing::Values(XcaShape{64, 4, 12}, XcaShape{49, 4, 22}, XcaShape{49, 8, 12},
                                     XcaShape{49, 8, 20}, XcaShape{4, 4, 42}, XcaShape{4, 8, 38},
                                     XcaShape{1, 2, 73}, XcaShape{4, 1, 1}, XcaShape{4, 3, 7}),
                     testing::Values(16, 48)),
    [](const auto& test) {
      return TableName(std::get<0>(test.param)) + "_" + ShapeName(std::get<1>(test.param)) + "_panel" +
             std::to_string(std::get<2>(test.param));
    });

}  // namespace
}  // namespace edgenext::kernels
