// Every kind of block, run alone, fused: against the same block layer by layer, and bfloat16 against float32.

#include <cfloat>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "gtest/gtest.h"
#include "tests/model/fused/block_cases.h"

namespace edgenext::testing {
namespace {

// It is the same for every table, and so computed once.
const Map& LayeredResult(const BlockCase& block) {
  static auto& cache = *new std::map<std::string, Map>;
  const auto found = cache.find(block.name);
  return found != cache.end() ? found->second
                              : cache.emplace(block.name, RunLayeredBlock(block)).first->second;
}

// What of `result` the block has computed and not merely handed on.
Map Update(const BlockCase& block, const Map& result) {
  return block.has_residual() ? Subtract(result, BlockInput(block)) : result;
}

// A sum of n terms of random signs, one after the other, has a rounding of its partial sum at each, and ends
// up with an error of r * sqrt(n / 2) of itself, r being the root mean square of a rounding: 0.42 * 2^-24 of
// a value, 0.42 * 2^-8 in bfloat16, which is counted as a half of the power of two. The layers of a block
// have gains of about 1, so that errors of sums one after the other add up as their squares do.
constexpr double kRoundingF32 = 0.5 * FLT_EPSILON / 2;
constexpr double kRoundingBf16 = 0.5 / 256;

// How far the largest of up to 10^6 errors may be from zero, in root mean squares of all: rows of a map have
// errors of different size.
constexpr double kLargestDeviations = 8.0;

using Parameters = std::tuple<FusedKernels, BlockCase>;
std::string ParameterName(const ::testing::TestParamInfo<Parameters>& test) {
  return std::get<0>(test.param).name + "_" + std::get<1>(test.param).name;
}

class FusedBlockTest : public ::testing::TestWithParam<Parameters> {};

// All terms of a block count together; the difference of two results errs by sqrt(2) times as much as one.
TEST_P(FusedBlockTest, AgreesWithLayerByLayer) {
  const auto& [kernels, block] = GetParam();
  const Map& expected = LayeredResult(block);
  const Difference difference = Compare(RunFusedBlock(block, kernels), expected, Update(block, expected));
  const double tolerance = kRoundingF32 * std::sqrt(block.terms());
  EXPECT_LE(difference.root_mean_square, tolerance);
  EXPECT_LE(difference.largest, kLargestDeviations * tolerance);
}

INSTANTIATE_TEST_SUITE_P(Tables, FusedBlockTest,
                         ::testing::Combine(::testing::ValuesIn(FusedKernelsIn(kernels::Precision::kF32)),
                                            ::testing::ValuesIn(AllBlockCases())),
                         ParameterName);

class Bf16BlockTest : public ::testing::TestWithParam<Parameters> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Bf16BlockTest);

// Each linear layer rounds its inputs and its weights to bfloat16: two roundings a product, whose errors have
// random signs as the products have, so that the sum errs by sqrt(2) roundings of itself.
TEST_P(Bf16BlockTest, AgreesWithFloat32) {
  const auto& [kernels, block] = GetParam();
  const Map expected = RunFusedBlock(block, {"f32", kernels.table, kernels.table->linear});
  const Map actual = RunFusedBlock(block, kernels);
  const Difference difference = Compare(actual, expected, Update(block, expected));
  const double tolerance = kRoundingBf16 * std::sqrt(2.0 * block.linear_layers());
  EXPECT_LE(difference.root_mean_square, tolerance);
  EXPECT_LE(difference.largest, kLargestDeviations * tolerance);
  const bool always_f32 = block.kind == BlockKind::kStem || block.kind == BlockKind::kStemOfFloats ||
                          block.kind == BlockKind::kHead;
  EXPECT_EQ(actual.values == expected.values, always_f32);
}

INSTANTIATE_TEST_SUITE_P(Tables, Bf16BlockTest,
                         ::testing::Combine(::testing::ValuesIn(FusedKernelsIn(kernels::Precision::kBf16)),
                                            ::testing::ValuesIn(AllBlockCases())),
                         ParameterName);

// If another form becomes the shorter one for a case, add a size at which this one is.
TEST(BlockCasesTest, MeetEveryFormOfAttention) {
  std::set<std::pair<bool, bool>> forms;
  for (const BlockCase& block : AllBlockCases()) {
    if (block.kind != BlockKind::kSdtaEncoder) continue;
    const int heads = block.weights().config.heads[static_cast<size_t>(block.stage)];
    for (const kernels::Precision precision : {kernels::Precision::kF32, kernels::Precision::kBf16}) {
      const kernels::XcaForms form =
          kernels::ShortestXcaForms({block.out().tokens(), heads, block.out().channels / heads}, precision);
      forms.emplace(form.gram_scores, form.folded_values);
    }
  }
  const std::set<std::pair<bool, bool>> all = {{false, false}, {false, true}, {true, false}, {true, true}};
  EXPECT_EQ(forms, all);
}

}  // namespace
}  // namespace edgenext::testing
