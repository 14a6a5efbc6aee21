// Between stem and logits nothing is allocated: every allocation of the process is counted while an executor
// runs, on all of its threads.

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <limits>
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

constexpr int kImages = 10;

// What executing kImages images takes beside time.
struct Cost {
  std::vector<int> allocations;  // by image
  size_t largest_bytes;          // of an allocation
  int64_t page_faults;           // of all threads
};

int64_t PageFaults() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// Once everything is warm. The kernel may move a page now and then, which is a fault of its own: the fewest
// of some rounds count.
Cost CostOfImages(const Network& network, int threads) {
  constexpr int kRounds = 10;
  ExecutorOptions options;
  options.threads = threads;
  const std::unique_ptr<Executor> executor = network.MakeExecutor(options).value();
  const std::unique_ptr<OwnThreads> team = OwnThreads::Make(threads).value();
  const std::vector<uint8_t> rgb = RandomRgb(64, 96, 1);
  const std::vector<NetworkInput> batch = {RgbInput(rgb)};
  std::vector<float> logits(1000);
  Cost cost = {std::vector<int>(kImages), 0, std::numeric_limits<int64_t>::max()};
  EXPECT_THAT(executor->Execute(batch, absl::MakeSpan(logits), *team), IsOk());
  largest_bytes = 0;
  for (int round = 0; round < kRounds && cost.page_faults > 0; ++round) {
    const int64_t faults_before = PageFaults();
    for (int& count : cost.allocations) {
      allocations = 0;
      counting = true;
      const absl::Status status = executor->Execute(batch, absl::MakeSpan(logits), *team);
      counting = false;
      EXPECT_THAT(status, IsOk());
      count = allocations;
    }
    cost.page_faults = std::min(cost.page_faults, PageFaults() - faults_before);
  }
  cost.largest_bytes = largest_bytes;
  return cost;
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

// Variants with every kind of block.
const std::vector<std::string> kVariants = {"edgenext_xx_small", "edgenext_small", "edgenext_base",
                                            "edgenext_small_bn_hs", "edgenext_small_rw"};

class FusedAllocationTest : public ::testing::TestWithParam<std::string> {
 protected:
  void Check(const NetworkOptions& options) {
    ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(SyntheticWeights(GetParam()), options));
    for (const int threads : {1, 2}) {
      SCOPED_TRACE(::testing::Message() << kernels::IsaName(options.isa) << ", " << threads << " threads");
      const Cost cost = CostOfImages(*network, threads);
      EXPECT_THAT(cost.allocations, ::testing::Each(0));
      EXPECT_EQ(cost.page_faults, 0);
    }
  }
};

TEST_P(FusedAllocationTest, AllocatesNothingAndFaultsNoPage) {
  for (const kernels::Isa isa : kernels::kAllIsas) {
    if (!kernels::CpuSupports(isa)) continue;
    if (isa == kernels::Isa::kScalar && GetParam() != "edgenext_xx_small") continue;  // slow
    NetworkOptions options = OptionsForSize(64, 96);
    options.isa = isa;
    Check(options);
  }
}

TEST_P(FusedAllocationTest, AllocatesNothingAndFaultsNoPageInBf16) {
  NetworkOptions options = OptionsForSize(64, 96);
  options.precision = kernels::Precision::kBf16;
  if (kernels::FindBf16Kernels(options.isa) == nullptr) GTEST_SKIP() << "this processor has no bf16";
  Check(options);
}

INSTANTIATE_TEST_SUITE_P(Variants, FusedAllocationTest, ::testing::ValuesIn(kVariants),
                         [](const auto& test) { return test.param; });

class LayeredAllocationTest : public ::testing::TestWithParam<std::string> {};

// oneDNN makes small allocations of its own in each call, always the same.
TEST_P(LayeredAllocationTest, AllocatesLittleAndFaultsNoPage) {
  NetworkOptions options = OptionsForSize(64, 96);
  options.execution = Execution::kLayered;
  ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(SyntheticWeights(GetParam()), options));
  const Cost cost = CostOfImages(*network, /*threads=*/1);
  EXPECT_LT(cost.largest_bytes, 1024u);
  EXPECT_THAT(cost.allocations, ::testing::Each(cost.allocations[0]));
  EXPECT_EQ(cost.page_faults, 0);
}

INSTANTIATE_TEST_SUITE_P(Variants, LayeredAllocationTest, ::testing::ValuesIn(kVariants),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace edgenext
