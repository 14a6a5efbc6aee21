// Both entries of the network: 8-bit RGB is what normalising it first would have given.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/network/pack_network.h"
#include "tests/model/network/network_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using testing::IsOk;
using testing::NormalisedInput;
using testing::OptionsForSize;
using testing::RandomRgb;
using testing::RgbInput;
using testing::SyntheticWeights;

constexpr int kHeight = 64;
constexpr int kWidth = 96;

// [height, width, 3] → [3, height, width], (v / 255 - mean) / std
std::vector<float> Normalise(const std::vector<uint8_t>& rgb, const NetworkOptions& options) {
  const size_t pixels = rgb.size() / 3;
  std::vector<float> values(rgb.size());
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    for (size_t color = 0; color < 3; ++color) {
      const double value = rgb[pixel * 3 + color] / 255.0;
      values[color * pixels + pixel] =
          static_cast<float>((value - double{options.mean[color]}) / double{options.std[color]});
    }
  }
  return values;
}

// Random on the outermost pixels, one gray inside.
std::vector<uint8_t> RandomBorder(uint32_t seed) {
  std::vector<uint8_t> rgb = RandomRgb(kHeight, kWidth, seed);
  for (int y = 1; y < kHeight - 1; ++y) {
    for (int x = 1; x < kWidth - 1; ++x) {
      for (int color = 0; color < 3; ++color) rgb[static_cast<size_t>((y * kWidth + x) * 3 + color)] = 128;
    }
  }
  return rgb;
}

// Runs an 8-bit image and the same normalised, random ones and such as have their content at the border.
void CompareInputs(const std::string& variant, Execution execution,
                   const std::function<void(const std::vector<float>&, const std::vector<float>&)>& compare) {
  NetworkOptions options = OptionsForSize(kHeight, kWidth);
  options.mean = {0.5f, 0.25f, 0.75f};
  options.std = {0.2f, 0.3f, 0.4f};
  options.execution = execution;
  ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(SyntheticWeights(variant, 10), options));
  for (const std::vector<uint8_t>& rgb : {RandomRgb(kHeight, kWidth, 1), RandomBorder(2)}) {
    const std::vector<float> normalised = Normalise(rgb, options);
    std::vector<float> from_rgb(10), from_floats(10);
    ActivationTrace rgb_trace, float_trace;
    ASSERT_THAT(network->Trace(RgbInput(rgb), absl::MakeSpan(from_rgb), &rgb_trace), IsOk());
    ASSERT_THAT(network->Trace(NormalisedInput(normalised), absl::MakeSpan(from_floats), &float_trace),
                IsOk());
    compare(rgb_trace.stages[0].values, float_trace.stages[0].values);
    compare(from_rgb, from_floats);
  }
}

class NetworkStemTest : public ::testing::TestWithParam<std::string> {};

// The same float32 values reach the same matrix product, border pixels included: not a bit differs.
TEST_P(NetworkStemTest, RgbEqualsNormalisedFloatsLayerByLayer) {
  CompareInputs(GetParam(), Execution::kLayered,
                [](const auto& from_rgb, const auto& from_floats) { EXPECT_EQ(from_rgb, from_floats); });
}

// Normalisation is part of the weights, which rounds otherwise: by some units in the last place of the
// largest value.
TEST_P(NetworkStemTest, RgbAgreesWithNormalisedFloats) {
  CompareInputs(GetParam(), Execution::kFused, [](const auto& from_rgb, const auto& from_floats) {
    ASSERT_EQ(from_rgb.size(), from_floats.size());
    float largest = 0.0f;
    for (const float value : from_floats) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < from_rgb.size(); ++i) {
      ASSERT_NEAR(from_rgb[i], from_floats[i], 16 * FLT_EPSILON * largest) << i;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Variants, NetworkStemTest,
                         ::testing::Values("edgenext_xx_small", "edgenext_x_small", "edgenext_small",
                                           "edgenext_base", "edgenext_xx_small_bn_hs",
                                           "edgenext_x_small_bn_hs", "edgenext_small_bn_hs",
                                           "edgenext_small_rw"));

}  // namespace
}  // namespace edgenext
