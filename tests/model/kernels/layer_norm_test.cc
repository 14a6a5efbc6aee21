// LayerNorm on every table against float64 loops written from the formula.

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

constexpr float kEpsilon = 1e-6f;

struct Case {
  int rows;
  int channels;
  double offset = 0.0;  // common to all channels of a row, in standard deviations
  size_t misalignment = 0;
};

class LayerNormTest : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  // Runs a case on heap buffers of exactly its size and holds every value against float64.
  void Check(const Case& c) {
    SCOPED_TRACE(::testing::Message() << c.rows << " x " << c.channels << " offset " << c.offset
                                      << " misalignment " << c.misalignment);
    const auto channels = static_cast<size_t>(c.channels);
    const size_t size = static_cast<size_t>(c.rows) * channels;
    std::mt19937 random(static_cast<uint32_t>(c.channels));
    std::normal_distribution<float> normal;
    std::unique_ptr<float[]> in(new float[size + c.misalignment]), out(new float[size + c.misalignment]);
    std::unique_ptr<float[]> weight(new float[channels]), bias(new float[channels]);
    float* x = in.get() + c.misalignment;
    float* y = out.get() + c.misalignment;
    for (size_t i = 0; i < size; ++i) x[i] = normal(random) + static_cast<float>(c.offset);
    for (size_t i = 0; i < channels; ++i) {
      weight[i] = 1.0f + 0.2f * normal(random);
      bias[i] = 0.1f * normal(random);
    }
    GetParam()->linear->layer_norm(
        {x, channels, c.rows, c.channels, kEpsilon, weight.get(), bias.get(), y, channels, c.channels});

    for (size_t row = 0; row < size; row += channels) {
      double mean = 0.0, variance = 0.0, largest = 0.0;
      for (size_t i = 0; i < channels; ++i) mean += double{x[row + i]} / c.channels;
      for (size_t i = 0; i < channels; ++i) {
        const double centred = double{x[row + i]} - mean;
        variance += centred * centred / c.channels;
        largest = std::max(largest, std::abs(double{x[row + i]}));
      }
      const double deviation = std::sqrt(variance + double{kEpsilon});
      for (size_t i = 0; i < channels; ++i) {
        const double standard = (double{x[row + i]} - mean) / deviation;
        const double expected = standard * double{weight[i]} + double{bias[i]};
        // The mean is off by a rounding of the values for each step of its sum, growing with the root of
        // their number; scale, product and sum add a few roundings of the result.
        const double mean_error =
            FLT_EPSILON * largest * std::sqrt(static_cast<double>(c.channels)) / deviation;
        const double tolerance =
            std::abs(double{weight[i]}) * mean_error + 8 * FLT_EPSILON * (std::abs(standard) + 1);
        ASSERT_NEAR(double{y[row + i]}, expected, tolerance) << "row " << row / channels << " channel " << i;
      }
    }
  }
};

TEST_P(LayerNormTest, EveryWidthOfTheNetworks) {
  for (const int channels : {24, 32, 48, 64, 80, 88, 96, 100, 160, 168, 192, 288, 304, 384, 584}) {
    Check({7, channels});
  }
}

TEST_P(LayerNormTest, EveryTail) {
  for (int channels = 2; channels <= 70; ++channels) Check({3, channels});
}

TEST_P(LayerNormTest, Misaligned) {
  for (const size_t misalignment : {1u, 2u, 3u}) Check({5, 88, 0.0, misalignment});
}

TEST_P(LayerNormTest, AnOffsetOfAllChannelsCostsNoDigitsButItsOwn) {
  for (const double offset : {5.0, 20.0, 100.0}) Check({5, 96, offset});
}

TEST_P(LayerNormTest, EqualChannelsBecomeTheBias) {
  std::vector<float> x(2 * 40, 3.0f), weight(40, 2.0f), bias(40, 0.25f), y(x.size());
  GetParam()->linear->layer_norm(
      {x.data(), 40, 2, 40, kEpsilon, weight.data(), bias.data(), y.data(), 40, 40});
  for (const float value : y) EXPECT_EQ(value, 0.25f);
}

TEST_P(LayerNormTest, OneChannelBecomesTheBias) {
  const float x = 5.0f, weight = 2.0f, bias = -1.0f;
  float y = 0.0f;
  GetParam()->linear->layer_norm({&x, 1, 1, 1, kEpsilon, &weight, &bias, &y, 1, 1});
  EXPECT_EQ(y, bias);
}

INSTANTIATE_TEST_SUITE_P(Tables, LayerNormTest, ::testing::ValuesIn(SupportedTables()),
                         [](const auto& table) { return IsaName(table.param->isa); });

}  // namespace
}  // namespace edgenext::kernels
