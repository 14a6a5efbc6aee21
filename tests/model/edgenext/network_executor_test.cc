// Executors of one network: batches, threads, and what is refused.

#include <memory>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/edgenext/macs.h"
#include "model/network/pack_network.h"
#include "tests/model/edgenext/network_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::OptionsForSize;
using testing::RandomRgb;
using testing::RgbInput;
using ::testing::StartsWith;
using testing::StatusIs;
using testing::SyntheticWeights;

constexpr int kClasses = 10;

std::shared_ptr<const Network> SmallNetwork() {
  return PackNetwork(SyntheticWeights("edgenext_xx_small", kClasses), OptionsForSize(64, 96)).value();
}

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

TEST(NetworkTest, RunsNoReferenceImplementation) {
  for (const EdgeNextConfig& config : AllConfigs()) {
    NetworkOptions options = OptionsForSize(256, 256);
    options.execution = Execution::kLayered;
    ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(SyntheticWeights(config.variant), options));
    EXPECT_FALSE(network->implementations().empty());
    EXPECT_THAT(network->implementations(), Not(Contains(HasSubstr(": ref"))));
  }
}

TEST(NetworkTest, ProfilesWhereTheTimeGoes) {
  const auto network = SmallNetwork();
  const std::vector<uint8_t> rgb = RandomRgb(64, 96, 1);
  ASSERT_OK_AND_ASSIGN(const std::vector<OpTime> profile, network->Profile(RgbInput(rgb), 2));
  for (const OpTime& op : profile) EXPECT_GT(op.time, absl::ZeroDuration()) << op.kind;
}

TEST(ExecutorTest, ABatchIsItsImages) {
  const auto network = SmallNetwork();
  ASSERT_OK_AND_ASSIGN(const auto executor, network->MakeExecutor());
  EXPECT_EQ(executor->height(), 64);
  EXPECT_EQ(executor->width(), 96);
  EXPECT_EQ(executor->classes(), kClasses);
  std::vector<std::vector<uint8_t>> images;
  std::vector<NetworkInput> batch;
  for (uint32_t seed = 0; seed < 3; ++seed) images.push_back(RandomRgb(64, 96, seed));
  for (const std::vector<uint8_t>& image : images) batch.push_back(RgbInput(image));
  std::vector<float> together(3 * kClasses);
  ASSERT_THAT(executor->Execute(batch, absl::MakeSpan(together)), IsOk());
  for (size_t i = 0; i < 3; ++i) {
    std::vector<float> alone(kClasses);
    ASSERT_THAT(executor->Execute({batch[i]}, absl::MakeSpan(alone)), IsOk());
    const std::vector<float> part(together.begin() + static_cast<ptrdiff_t>(i * kClasses),
                                  together.begin() + static_cast<ptrdiff_t>((i + 1) * kClasses));
    EXPECT_EQ(alone, part) << i;
  }
  EXPECT_THAT(executor->Execute({}, {}), IsOk());
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

TEST(ExecutorTest, ThreadsShareOneNetworkAndAgreeToTheBit) {
  constexpr size_t kThreads = 4;
  constexpr uint32_t kImages = 5;
  std::shared_ptr<const Network> network = SmallNetwork();
  std::vector<std::vector<float>> results(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<float>& result : results) {
    threads.emplace_back([network, &result] {
      const std::unique_ptr<Executor> executor = network->MakeExecutor().value();
      for (uint32_t seed = 0; seed < kImages; ++seed) {
        const std::vector<uint8_t> rgb = RandomRgb(64, 96, seed);
        std::vector<float> logits(kClasses);
        ASSERT_THAT(executor->Execute({RgbInput(rgb)}, absl::MakeSpan(logits)), IsOk());
        result.insert(result.end(), logits.begin(), logits.end());
      }
    });
  }
  network.reset();  // executors keep it alive
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& result : results) {
    EXPECT_EQ(result.size(), kImages * kClasses);
    EXPECT_EQ(result, results[0]);
  }
}

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
