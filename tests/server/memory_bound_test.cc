#include "server/memory_bound.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMiB = size_t{1} << 20;

// As server.cc has them for the default flags and the shipped model.
MemoryNeeds Needs(int workers) {
  MemoryNeeds needs;
  needs.workers = workers;
  needs.stream_window_bytes = size_t{256} << 10;
  needs.max_receive_bytes = 80 * kMiB + (64 << 10);
  needs.model_bytes = 6 * kMiB;
  return needs;
}

TEST(MemoryBoundTest, ChoosesTheLimits) {
  struct Case {
    std::string what;
    size_t limit_mib;
    int workers;
    int open_calls;
    size_t budget_mib;
    double megapixels;
  };
  const std::vector<Case> cases = {
      {"a large machine: as documented", 64 * 1024, 16, 1024, 16 * 1024, 64},
      {"8 GiB", 8 * 1024, 2, 1024, 2048, 64},
      // Images: 1024 / 3 MiB by 9 bytes and two workers. Calls: 128 MiB by 304 KiB. The budget is less than a
      // quarter: what 15/16 of 1024 MiB leave beside one message; and half, since a copy is parsed, of 15/16
      // of 512 MiB minus 64, 18, 24, 32, 63.8 and 170.7, and minus 64, 18, 48, 32, 63.8 and 206.
      {"1 GiB", 1024, 2, 431, 248, 19.88},
      {"a small container", 512, 1, 215, 53, 19.88},
      {"a small container with two cores", 512, 2, 215, 24, 12},
  };
  for (const Case& c : cases) {
    const auto plan = PlanMemory(ServerOptions(), Needs(c.workers), c.limit_mib * kMiB);
    ASSERT_TRUE(plan.ok()) << c.what << ": " << plan.status();
    EXPECT_EQ(plan->max_open_calls, c.open_calls) << c.what;
    EXPECT_EQ(plan->max_inflight_bytes / kMiB, c.budget_mib) << c.what << ": " << plan->bound.ToString();
    EXPECT_NEAR(static_cast<double>(plan->max_image_pixels) / 1e6, c.megapixels, 0.01) << c.what;
    EXPECT_LE(plan->bound.total(), c.limit_mib * kMiB) << c.what;
  }
}

TEST(MemoryBoundTest, CountsWhatMayBeHeld) {
  ServerOptions options;
  options.max_connections = 100;
  options.max_open_calls = 10;
  options.max_inflight_bytes = 500 * kMiB;
  options.max_image_pixels = 1'000'000;
  options.cache_bytes = 7 * kMiB;
  MemoryNeeds needs = Needs(3);
  needs.polling_threads = 2;
  needs.model_copies = 4;
  const auto plan = PlanMemory(options, needs, 4096 * kMiB);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const MemoryBound& bound = plan->bound;
  EXPECT_EQ(bound.process, (64 + 6 * 6 + 3 * 24) * kMiB);
  EXPECT_EQ(bound.connections, 100u * 32 * 1024);
  EXPECT_EQ(bound.open_calls, 10u * (256 + 48) * 1024);
  EXPECT_EQ(bound.inflight, 500 * kMiB);
  EXPECT_EQ(bound.parsing, 2 * needs.max_receive_bytes);
  EXPECT_EQ(bound.decoding, 27'000'000u);
  EXPECT_EQ(bound.cache, 7 * kMiB);
  EXPECT_EQ(bound.total(), bound.process + bound.connections + bound.open_calls + bound.inflight +
                               bound.parsing + bound.decoding + bound.cache);
}

TEST(MemoryBoundTest, NoMessageIsLargerThanTheBudget) {
  ServerOptions options;
  options.max_inflight_bytes = 20 * kMiB;
  const auto plan = PlanMemory(options, Needs(1), 1024 * kMiB);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->bound.parsing, 20 * kMiB);
}

TEST(MemoryBoundTest, RefusesWhatDoesNotFit) {
  ServerOptions options;
  options.max_open_calls = 4000;  // 1188 MiB
  const absl::Status status = PlanMemory(options, Needs(1), 1024 * kMiB).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* part : {"the memory limit is 1024 MiB", "open calls 1188 MiB", "--max-open-calls (4000)",
                           "--max-inflight-bytes (", "--max-image-pixels (", "--cpus (1)",
                           "--max-connections (1024)", "--cache-bytes (0)"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  }
  EXPECT_FALSE(PlanMemory(ServerOptions(), Needs(64), 512 * kMiB).ok()) << "64 workers' images";
}

}  // namespace
}  // namespace edgenext::serving
