// An image that several threads share gives the logits of one thread, to the bit.

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/executor/own_threads.h"
#include "model/kernels/kernels.h"
#include "model/network/pack_network.h"
#include "tests/model/network/network_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::OptionsForSize;
using testing::RandomRgb;
using testing::RgbInput;
using testing::StatusIs;
using testing::SyntheticWeights;

constexpr int kClasses = 100;  // more than two panels of outputs

std::unique_ptr<Executor> MakeExecutor(const Network& network, int threads) {
  ExecutorOptions options;
  options.threads = threads;
  return network.MakeExecutor(options).value();
}

// On so many threads.
std::vector<float> Logits(Executor& executor, const std::vector<uint8_t>& rgb, int threads) {
  const std::unique_ptr<OwnThreads> team = OwnThreads::Make(threads).value();
  std::vector<float> logits(static_cast<size_t>(executor.classes()));
  EXPECT_THAT(executor.Execute({RgbInput(rgb)}, absl::MakeSpan(logits), *team), IsOk());
  return logits;
}

class SharedImageTest : public ::testing::TestWithParam<std::string> {};

// At the smallest size the last map has two rows, fewer than threads; in wide images a row of the first map
// is more than a band of tokens.
TEST_P(SharedImageTest, HasTheLogitsOfOneThread) {
  const EdgeNextWeights weights = SyntheticWeights(GetParam(), kClasses);
  for (const kernels::Isa isa : kernels::kAllIsas) {
    if (!kernels::CpuSupports(isa)) continue;
    for (const kernels::Precision precision : {kernels::Precision::kF32, kernels::Precision::kBf16}) {
      if (precision == kernels::Precision::kBf16 && kernels::FindBf16Kernels(isa) == nullptr) continue;
      for (const auto& [height, width] : std::vector<std::pair<int, int>>{{64, 96}, {96, 352}}) {
        if (isa == kernels::Isa::kScalar && width > 96) continue;  // slow
        NetworkOptions options = OptionsForSize(height, width);
        options.isa = isa;
        options.precision = precision;
        ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(weights, options));
        const std::vector<uint8_t> rgb = RandomRgb(height, width, 1);
        const std::vector<float> expected = Logits(*MakeExecutor(*network, 1), rgb, 1);
        const std::unique_ptr<Executor> executor = MakeExecutor(*network, 5);
        for (const int threads : {2, 3, 1, 5}) {
          EXPECT_EQ(Logits(*executor, rgb, threads), expected)
              << threads << " threads, " << kernels::IsaName(isa) << " " << kernels::PrecisionName(precision)
              << ", " << height << "x" << width;
        }
      }
    }
  }
}

// Tells how many threads an executor asked for, and has one do the work.
class AskedTeam final : public ThreadTeam {
 public:
  void Run(int most_threads, Work work) override {
    asked_ = most_threads;
    work(0, 1);
  }
  int asked() const { return asked_; }

 private:
  int asked_ = 0;
};

TEST(ExecutorOptionsTest, AsksForAsManyThreadsAsItHasMemoryFor) {
  ASSERT_OK_AND_ASSIGN(const auto network,
                       PackNetwork(SyntheticWeights("edgenext_xx_small", kClasses), OptionsForSize(64, 64)));
  for (const int threads : {1, 3}) {
    AskedTeam team;
    std::vector<float> logits(kClasses);
    const std::vector<uint8_t> rgb = RandomRgb(64, 64, 1);
    EXPECT_THAT(MakeExecutor(*network, threads)->Execute({RgbInput(rgb)}, absl::MakeSpan(logits), team),
                IsOk());
    EXPECT_EQ(team.asked(), threads);
  }
}

std::vector<std::string> Variants() {
  std::vector<std::string> variants;
  for (const EdgeNextConfig& config : AllConfigs()) variants.push_back(config.variant);
  return variants;
}

INSTANTIATE_TEST_SUITE_P(Variants, SharedImageTest, ::testing::ValuesIn(Variants()),
                         [](const auto& test) { return test.param; });

TEST(ExecutorOptionsTest, RefusesNumbersOfThreadsOutOfRange) {
  const EdgeNextWeights weights = SyntheticWeights("edgenext_xx_small", kClasses);
  NetworkOptions options = OptionsForSize(64, 64);
  ASSERT_OK_AND_ASSIGN(const auto fused, PackNetwork(weights, options));
  options.execution = Execution::kLayered;
  ASSERT_OK_AND_ASSIGN(const auto layered, PackNetwork(weights, options));
  for (const int threads : {-1, 0, kMaxExecutorThreads + 1}) {
    ExecutorOptions executor_options;
    executor_options.threads = threads;
    EXPECT_THAT(fused->MakeExecutor(executor_options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected from 1 to 64")));
  }
  ExecutorOptions two;
  two.threads = 2;
  EXPECT_THAT(layered->MakeExecutor(two),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("on 2 threads, expected from 1 to 1")));
}

}  // namespace
}  // namespace edgenext
