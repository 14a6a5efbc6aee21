// Between stem and logits nothing is allocated: every allocation of the process is counted while an executor
// runs. oneDNN makes small ones of its own in each call, always the same.

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/executor/own_threads.h"
#include "model/network/pack_network.h"
#include "tests/model/edgenext/network_fixture.h"
#include "tests/testing/status_matchers.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};
std::atomic<size_t> largest_bytes{0};

void Count(size_t size_bytes) {
  if (!counting) return;
  ++allocations;
  if (size_bytes > largest_bytes) largest_bytes = size_bytes;
}

}  // namespace

// The C library's own allocator, under the names by which the allocator of a program can be replaced.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  Count(size);
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Count(count * size);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  Count(size);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  Count(size);
  return __libc_memalign(alignment, size);
}
void* memalign(size_t alignment, size_t size) {
  Count(size);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  Count(size);
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"

namespace edgenext {
namespace {

using testing::IsOk;
using testing::OptionsForSize;
using testing::RandomRgb;
using testing::RgbInput;
using testing::SyntheticWeights;

constexpr int kImages = 100;

int64_t PageFaults() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

TEST(CountingAllocatorTest, SeesAllocations) {
  allocations = 0;
  counting = true;
  std::vector<char>* memory = new std::vector<char>(4096);
  counting = false;
  delete memory;
  EXPECT_EQ(allocations, 2);
  EXPECT_EQ(largest_bytes, 4096u);
}

// Variant, and threads that share an image.
class NetworkAllocationTest : public ::testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(NetworkAllocationTest, ExecutingAllocatesNothingAndFaultsNoPage) {
  const auto& [variant, threads] = GetParam();
  ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(SyntheticWeights(variant), OptionsForSize(64, 96)));
  ExecutorOptions options;
  options.threads = threads;
  ASSERT_OK_AND_ASSIGN(const auto executor, network->MakeExecutor(options));
  ASSERT_OK_AND_ASSIGN(const auto team, OwnThreads::Make(threads));
  const std::vector<uint8_t> rgb = RandomRgb(64, 96, 1);
  const std::vector<NetworkInput> batch = {RgbInput(rgb)};
  std::vector<float> logits(1000);
  std::vector<int> counts(kImages);
  ASSERT_THAT(executor->Execute(batch, absl::MakeSpan(logits), *team), IsOk());  // warms up

  // The kernel may move a page now and then, which is a fault of its own: one round of three must be without.
  int64_t fewest_faults = std::numeric_limits<int64_t>::max();
  for (int round = 0; round < 3 && fewest_faults > 0; ++round) {
    largest_bytes = 0;
    const int64_t faults_before = PageFaults();
    for (int& count : counts) {
      allocations = 0;
      counting = true;
      const absl::Status status = executor->Execute(batch, absl::MakeSpan(logits), *team);
      counting = false;
      ASSERT_THAT(status, IsOk());
      count = allocations;
    }
    fewest_faults = std::min(fewest_faults, PageFaults() - faults_before);
    EXPECT_LT(largest_bytes, 1024u);
    EXPECT_THAT(counts, ::testing::Each(counts[0]));
  }
  EXPECT_EQ(fewest_faults, 0);
}

INSTANTIATE_TEST_SUITE_P(Variants, NetworkAllocationTest,
                         ::testing::Combine(::testing::Values("edgenext_xx_small", "edgenext_small",
                                                              "edgenext_base", "edgenext_small_bn_hs",
                                                              "edgenext_small_rw"),
                                            ::testing::Values(1, 2)));

}  // namespace
}  // namespace edgenext
