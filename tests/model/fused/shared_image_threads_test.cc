// Several executors, each with threads that share an image, run at the same time.

#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "model/executor/own_threads.h"
#include "model/network/pack_network.h"
#include "tests/model/network/network_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using testing::IsOk;
using testing::OptionsForSize;
using testing::RandomRgb;
using testing::RgbInput;
using testing::SyntheticWeights;

constexpr int kClasses = 10;
constexpr uint32_t kImages = 3;

// Of all images, twice.
std::vector<float> Logits(const Network& network, int threads) {
  ExecutorOptions options;
  options.threads = threads;
  const std::unique_ptr<Executor> executor = network.MakeExecutor(options).value();
  const std::unique_ptr<OwnThreads> team = OwnThreads::Make(threads).value();
  std::vector<float> result;
  for (uint32_t image = 0; image < 2 * kImages; ++image) {
    const std::vector<uint8_t> rgb = RandomRgb(64, 96, image % kImages);
    std::vector<float> logits(kClasses);
    EXPECT_THAT(executor->Execute({RgbInput(rgb)}, absl::MakeSpan(logits), *team), IsOk());
    result.insert(result.end(), logits.begin(), logits.end());
  }
  return result;
}

TEST(SharedImageThreadsTest, ExecutorsDoNotDisturbEachOther) {
  const auto network =
      PackNetwork(SyntheticWeights("edgenext_xx_small", kClasses), OptionsForSize(64, 96)).value();
  const std::vector<float> expected = Logits(*network, 1);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> callers;
  for (size_t i = 0; i < results.size(); ++i) {
    callers.emplace_back([&, i] { results[i] = Logits(*network, static_cast<int>(i) + 2); });
  }
  for (std::thread& caller : callers) caller.join();
  for (const std::vector<float>& result : results) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace edgenext
