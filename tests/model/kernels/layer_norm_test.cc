// LayerNorm on every table against float64 loops written from the formula.

#include <gtest/gtest.h>

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

// The root mean square of a rounding: 0.42 * 2^-24 of a value, counted as a half of the power of two.
constexpr double kRounding = 0.5 * static_cast<double>(FLT_EPSILON) / 2.0;

// How far the largest of up to 10^5 errors may be from zero, in root mean squares.
constexpr double kLargestDeviations = 6.0;

// The root mean square of the error of one result, in roundings of values around 1. A sum of C values of mean
// m and deviation d, one after the other, rounds partial sums of k m, give or take sqrt(k) d: together m
// sqrt(C^3 / 3) and d C / sqrt(2). The mean has a C-th of that and a rounding of its own, in every channel
// the same. The variance, a sum of squares, errs by sqrt(C / 3) of itself, its root by half of that. Some
// roundings follow where the result is put together.
double RoundingsOf(double mean, double deviation, int channels, double standard, double weight,
                   double result) {
  const double offset = mean / deviation;
  const double of_mean = offset * offset * (channels / 3.0 + 1.0) + 0.5;
  const double of_scale = standard * standard * (channels / 12.0 + 5.0);
  return std::sqrt(weight * weight * (of_mean + of_scale) + result * result);
}

struct Case {
  int rows;
  int channels;
  double offset = 0.0;  // common to all channels of a row, in standard deviations
  size_t misalignment = 0;
};

class LayerNormTest : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  // Runs a case on heap buffers of exactly its size and holds every value against float64. Returns the root
  // mean square error, relative to the expected one.
  double Check(const Case& c) {
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

    double squares = 0.0, expected_squares = 0.0;
    for (size_t row = 0; row < size; row += channels) {
      double mean = 0.0, variance = 0.0;
      for (size_t i = 0; i < channels; ++i) mean += double{x[row + i]} / c.channels;
      for (size_t i = 0; i < channels; ++i) {
        const double centred = double{x[row + i]} - mean;
        variance += centred * centred / c.channels;
      }
      const double deviation = std::sqrt(variance + double{kEpsilon});
      for (size_t i = 0; i < channels; ++i) {
        const double standard = (double{x[row + i]} - mean) / deviation;
        const double expected = standard * double{weight[i]} + double{bias[i]};
        const double error = std::abs(double{y[row + i]} - expected);
        const double error_deviation =
            kRounding * RoundingsOf(mean, deviation, c.channels, standard, double{weight[i]}, expected);
        EXPECT_LE(error, kLargestDeviations * error_deviation)
            << "row " << row / channels << " channel " << i << " expected " << expected;
        squares += error * error;
        expected_squares += error_deviation * error_deviation;
      }
    }
    return std::sqrt(squares / expected_squares);
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
  for (const int channels : {24, 96, 160}) {
    for (const double offset : {0.0, 5.0, 20.0, 100.0}) EXPECT_LE(Check({200, channels, offset}), 1.0);
  }
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
