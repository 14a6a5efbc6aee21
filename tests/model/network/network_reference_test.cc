// The network against the float64 reference in tests/testing, on variants, sizes, seeds and class counts of
// which no results are recorded; and the reference itself against recorded results.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/network/pack_network.h"
#include "model/weights/checkpoint.h"
#include "tests/model/network/network_fixture.h"
#include "tests/testing/reference_network.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using testing::IsOk;
using testing::NormalisedInput;
using testing::OptionsForSize;
using testing::ReferenceResult;
using testing::RunReference;
using testing::SyntheticWeights;

// What is promised of logits and features.
constexpr double kTolerance = 1e-5;
// Of activations between stages, relative to the largest of them: 20 roundings of float32. They grow with
// depth.
constexpr double kStageTolerance = 2.5e-6;

template <typename A, typename B>
double LargestDifference(const std::vector<A>& a, const std::vector<B>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(double{a[i]} - double{b[i]});
    if (std::isnan(difference)) return difference;  // which is within no tolerance
    largest = std::max(largest, difference);
  }
  return largest;
}

// The largest absolute value, at least 1.
double Magnitude(const std::vector<double>& values) {
  double magnitude = 1;
  for (const double value : values) magnitude = std::max(magnitude, std::abs(value));
  return magnitude;
}

TEST(ReferenceNetworkTest, ReproducesRecordedResults) {
  const std::string golden = EDGENEXT_TEST_DATA "/golden/";
  for (const auto& [file, variant, size, classes, seed] :
       {std::tuple{"edgenext_xx_small-official-seed2-1x224x224-c1000", "edgenext_xx_small", 224, 1000, 2},
        {"edgenext_xx_small-official-seed1-2x256x256-c1000", "edgenext_xx_small", 256, 1000, 1},
        {"edgenext_xx_small_bn_hs-official-seed1-2x256x256-c1000", "edgenext_xx_small_bn_hs", 256, 1000, 1},
        {"edgenext_small_rw-timm-seed1-2x256x256-c1000", "edgenext_small_rw", 256, 1000, 1}}) {
    SCOPED_TRACE(file);
    ASSERT_OK_AND_ASSIGN(const auto recorded, OpenCheckpoint(absl::StrCat(golden, file, ".safetensors")));
    ASSERT_OK_AND_ASSIGN(Tensor logits, recorded->Read("logits"));
    const auto batch = static_cast<int>(logits.shape[0]);
    logits.values.resize(static_cast<size_t>(classes));  // of the first image
    const Tensor images = SyntheticInput(static_cast<uint64_t>(seed), batch, size, size);
    const EdgeNextWeights weights = SyntheticWeights(variant, classes, static_cast<uint64_t>(seed));
    const ReferenceResult result = RunReference(weights, images.values.data(), size, size);
    // Both are float64; the recorded ones are rounded to float32, values of up to 4.
    EXPECT_LE(LargestDifference(logits.values, result.logits), 2.5e-7);
  }
}

struct Case {
  const char* variant;
  int height;
  int width;
  int classes;
  uint64_t seed;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.variant << " " << c.height << "x" << c.width << " classes " << c.classes << " seed " << c.seed;
}

// Every table that the processor supports, in both executions.
std::vector<NetworkOptions> EveryWayInF32(int height, int width) {
  std::vector<NetworkOptions> ways;
  for (const kernels::Isa isa : kernels::kAllIsas) {
    if (!kernels::CpuSupports(isa)) continue;
    for (const Execution execution : {Execution::kFused, Execution::kLayered}) {
      ways.push_back(OptionsForSize(height, width));
      ways.back().isa = isa;
      ways.back().execution = execution;
    }
  }
  return ways;
}

class NetworkReferenceTest : public ::testing::TestWithParam<Case> {};

TEST_P(NetworkReferenceTest, AgreesOnEveryTable) {
  const Case& c = GetParam();
  const EdgeNextWeights weights = SyntheticWeights(c.variant, c.classes, c.seed);
  const Tensor image = SyntheticInput(c.seed + 100, 1, c.height, c.width);
  const ReferenceResult expected = RunReference(weights, image.values.data(), c.height, c.width);

  for (const NetworkOptions& options : EveryWayInF32(c.height, c.width)) {
    SCOPED_TRACE(std::string(kernels::IsaName(options.isa)) +
                 (options.execution == Execution::kFused ? ", fused" : ", layer by layer"));
    ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(weights, options));
    const NetworkInput input = NormalisedInput(image.values);
    std::vector<float> logits(static_cast<size_t>(c.classes));
    ActivationTrace trace;
    ASSERT_THAT(network->Trace(input, absl::MakeSpan(logits), &trace), IsOk());
    EXPECT_LE(LargestDifference(logits, expected.logits), kTolerance);
    EXPECT_LE(LargestDifference(trace.features.values, expected.features), kTolerance);
    for (size_t stage = 0; stage < kStages; ++stage) {
      const std::vector<double>& map = expected.stages[stage].values;
      EXPECT_LE(LargestDifference(trace.stages[stage].values, map), kStageTolerance * Magnitude(map))
          << "stage " << stage;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Networks, NetworkReferenceTest,
    ::testing::Values(
        Case{"edgenext_xx_small", 64, 96, 2, 11}, Case{"edgenext_xx_small", 192, 352, 10, 12},
        Case{"edgenext_xx_small", 64, 64, 21841, 13}, Case{"edgenext_xx_small", 512, 512, 1000, 14},
        Case{"edgenext_x_small", 96, 64, 1000, 15}, Case{"edgenext_small", 64, 96, 1000, 16},
        Case{"edgenext_small", 192, 352, 2, 17}, Case{"edgenext_base", 64, 96, 21841, 18},
        Case{"edgenext_xx_small_bn_hs", 64, 96, 2, 19}, Case{"edgenext_xx_small_bn_hs", 192, 352, 1000, 20},
        Case{"edgenext_x_small_bn_hs", 96, 160, 1000, 21}, Case{"edgenext_small_bn_hs", 64, 96, 21841, 22},
        Case{"edgenext_small_rw", 64, 96, 2, 23}, Case{"edgenext_small_rw", 160, 224, 1000, 24}));

}  // namespace
}  // namespace edgenext
