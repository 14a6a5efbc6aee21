// Executors of one network: batches, threads, and what is refused.

#include <atomic>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/edgenext/macs.h"
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
using ::testing::StartsWith;
using testing::StatusIs;
using testing::SyntheticWeights;

constexpr int kClasses = 10;

std::shared_ptr<const Network> SmallNetwork(const NetworkOptions& options = OptionsForSize(64, 96)) {
  return PackNetwork(SyntheticWeights("edgenext_xx_small", kClasses), options).value();
}

// One of the ways in which this processor can run a network.
struct Way {
  std::string name;
  Execution execution;
  kernels::Precision precision;

  std::shared_ptr<const Network> MakeNetwork() const {
    NetworkOptions options = OptionsForSize(64, 96);
    options.execution = execution;
    options.precision = precision;
    return SmallNetwork(options);
  }
  friend std::ostream& operator<<(std::ostream& out, const Way& way) { return out << way.name; }
};

std::vector<Way> AllWays() {
  std::vector<Way> ways = {{"fused_f32", Execution::kFused, kernels::Precision::kF32},
                           {"layered", Execution::kLayered, kernels::Precision::kF32}};
  if (kernels::FindBf16Kernels(kernels::BestIsa()) != nullptr) {
    ways.push_back({"fused_bf16", Execution::kFused, kernels::Precision::kBf16});
  }
  return ways;
}

class ExecutorWaysTest : public ::testing::TestWithParam<Way> {
 protected:
  static constexpr size_t kImages = 4;

  ExecutorWaysTest() {
    for (uint32_t seed = 0; seed < kImages; ++seed) images_.push_back(RandomRgb(64, 96, seed));
  }
  static std::vector<float> Run(Executor& executor, const std::vector<NetworkInput>& batch) {
    std::vector<float> logits(batch.size() * kClasses);
    EXPECT_THAT(executor.Execute(batch, absl::MakeSpan(logits)), IsOk());
    return logits;
  }
  // The logits of each image, each run by an executor of its own.
  std::vector<std::vector<float>> SerialLogits(const Network& network) const {
    std::vector<std::vector<float>> logits;
    for (const std::vector<uint8_t>& image : images_) {
      logits.push_back(Run(*network.MakeExecutor().value(), {RgbInput(image)}));
    }
    return logits;
  }

  std::vector<std::vector<uint8_t>> images_;
};

TEST(NetworkTest, RefusesSizesOutOfRange) {
  const EdgeNextWeights weights = SyntheticWeights("edgenext_xx_small", kClasses);
  for (const auto& [height, width] : std::vector<std::pair<int, int>>{
           {32, 64}, {64, 32}, {544, 512}, {512, 544}, {100, 64}, {64, 65}, {0, 64}, {-64, 64}}) {
    EXPECT_THAT(PackNetwork(weights, OptionsForSize(height, width)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("multiple of 32 from 64 to 512")))
        << height << "x" << width;
  }
}

TEST(NetworkTest, KnowsItsSizes) {
  const auto network = SmallNetwork();
  // At least the float32 parameters; packing pads.
  EXPECT_GE(network->weights_bytes(), size_t{1'100'000} * sizeof(float));
  EXPECT_GE(network->arena_bytes(), size_t{16 * 24 * 24 * 3} * sizeof(float));
  EXPECT_EQ(network->options().width, 96);
  EXPECT_EQ(network->config().classes, kClasses);
}

TEST(ExecutorTest, KnowsItsSizes) {
  ASSERT_OK_AND_ASSIGN(const auto executor, SmallNetwork()->MakeExecutor());
  EXPECT_EQ(executor->height(), 64);
  EXPECT_EQ(executor->width(), 96);
  EXPECT_EQ(executor->classes(), kClasses);
  EXPECT_THAT(executor->Execute({}, {}), IsOk());
}

TEST_P(ExecutorWaysTest, ProfilesWhereTheTimeGoes) {
  const auto network = GetParam().MakeNetwork();
  ASSERT_OK_AND_ASSIGN(const std::vector<OpTime> profile, network->Profile(RgbInput(images_[0]), 2));
  for (const OpTime& op : profile) {
    EXPECT_GE(op.time, absl::ZeroDuration()) << op.kind;
    EXPECT_LT(op.time, absl::InfiniteDuration()) << op.kind;
    EXPECT_TRUE(op.time > absl::ZeroDuration() || op.macs.f32 + op.macs.bf16 == 0) << op.kind;
  }
}

// Whichever form attention takes.
TEST(NetworkTest, OperationsAddUpToTheNominalMultiplications) {
  for (const EdgeNextConfig& config : AllConfigs()) {
    const EdgeNextWeights weights = SyntheticWeights(config.variant, kClasses);
    for (const Way& way : AllWays()) {
      for (const int side : {64, 192}) {
        SCOPED_TRACE(config.variant + " " + way.name + " " + std::to_string(side));
        NetworkOptions options = OptionsForSize(side, side);
        options.execution = way.execution;
        options.precision = way.precision;
        ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(weights, options));
        const std::vector<uint8_t> rgb = RandomRgb(side, side, 1);
        ASSERT_OK_AND_ASSIGN(const std::vector<OpTime> profile, network->Profile(RgbInput(rgb), 1));
        Macs macs;
        for (const OpTime& op : profile) macs += op.macs;
        EXPECT_EQ(macs.f32 + macs.bf16, static_cast<double>(NominalMacs(weights.config, side, side)));
        EXPECT_EQ(macs.bf16 > macs.f32, way.precision == kernels::Precision::kBf16);
      }
    }
  }
}

TEST_P(ExecutorWaysTest, AnImageGivesTheSameBitsAtEveryPlaceOfEveryBatch) {
  const auto network = GetParam().MakeNetwork();
  const auto alone = SerialLogits(*network);
  ASSERT_OK_AND_ASSIGN(const auto executor, network->MakeExecutor());
  for (size_t size = 1; size <= kImages + 1; ++size) {
    for (size_t first = 0; first < kImages; ++first) {
      std::vector<NetworkInput> batch;
      std::vector<float> expected;
      for (size_t place = 0; place < size; ++place) {
        const size_t image = (first + place) % kImages;
        batch.push_back(RgbInput(images_[image]));
        expected.insert(expected.end(), alone[image].begin(), alone[image].end());
      }
      EXPECT_EQ(Run(*executor, batch), expected) << size << " images from " << first;
    }
  }
}

TEST(ExecutorTest, RefusesWrongArguments) {
  const auto network = SmallNetwork();
  ASSERT_OK_AND_ASSIGN(const auto executor, network->MakeExecutor());
  const std::vector<uint8_t> rgb = RandomRgb(64, 96, 1);
  const std::vector<float> floats(rgb.size());
  std::vector<float> logits(kClasses);

  std::vector<float> short_logits(kClasses - 1);
  EXPECT_THAT(executor->Execute({RgbInput(rgb)}, absl::MakeSpan(short_logits)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("logits hold 9 floats, expected 1 images x 10")));
  EXPECT_THAT(executor->Execute({NetworkInput{}}, absl::MakeSpan(logits)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("exactly one")));
  NetworkInput both = RgbInput(rgb);
  both.normalised = floats.data();
  EXPECT_THAT(executor->Execute({both}, absl::MakeSpan(logits)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("exactly one")));
}

TEST_P(ExecutorWaysTest, ExecutorsAtOnceGiveTheBitsOfOneAlone) {
  constexpr size_t kThreads = 4;
  constexpr int kRounds = 50;
  std::shared_ptr<const Network> network = GetParam().MakeNetwork();
  const auto alone = SerialLogits(*network);
  std::vector<std::vector<std::vector<float>>> results(kThreads);
  std::atomic<size_t> ready{0};
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, network, thread, &ready, &results] {
      const std::unique_ptr<Executor> executor = network->MakeExecutor().value();
      // From here on all run at once, each another image.
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      for (size_t i = 0; i < kRounds * kImages; ++i) {
        results[thread].push_back(Run(*executor, {RgbInput(images_[(thread + i) % kImages])}));
      }
    });
  }
  network.reset();  // executors keep it alive
  for (std::thread& thread : threads) thread.join();
  for (size_t thread = 0; thread < kThreads; ++thread) {
    for (size_t i = 0; i < kRounds * kImages; ++i) {
      EXPECT_EQ(results[thread][i], alone[(thread + i) % kImages]) << "thread " << thread << ", run " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, ExecutorWaysTest, ::testing::ValuesIn(AllWays()),
                         ::testing::PrintToStringParamName());

TEST(NominalMacsTest, EqualsTheCountsOfThePaper) {
  // Million multiply-accumulates at 256 x 256, as counted from the authors' code without the elementwise work
  // and the positional code.
  for (const auto& [variant, millions] :
       std::vector<std::pair<const char*, double>>{{"edgenext_xx_small", 254.8},
                                                   {"edgenext_x_small", 529.0},
                                                   {"edgenext_small", 1246.9},
                                                   {"edgenext_base", 3817.8},
                                                   {"edgenext_small_rw", 1561.8}}) {
    EXPECT_NEAR(static_cast<double>(NominalMacs(*FindConfig(variant), 256, 256)) / 1e6, millions, 0.05)
        << variant;
  }
}

}  // namespace
}  // namespace edgenext
