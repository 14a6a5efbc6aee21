// An image for whose pixels there is no memory: large arrays can be refused.

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "model/base/error_reason.h"
#include "tests/model/image/image_bytes.h"
#include "tests/server/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace {

std::atomic<size_t> refused_bytes{SIZE_MAX};  // arrays of so many bytes and more are refused

}  // namespace

// Not inlined, or compilers see through them, and take new[] and free for a mismatch.
[[gnu::noinline]] void* operator new[](size_t size) {
  void* const memory = size < refused_bytes ? std::malloc(size) : nullptr;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace edgenext::serving {
namespace {

using testing::IsOk;
using testing::StatusIs;

using ImageMemoryTest = PipelineTest;

TEST_F(ImageMemoryTest, AnImageThatFindsNoneIsToldWhenToComeBack) {
  Serve();
  const std::string file = Bmp(100, 100, 24, "", std::string(30'000, '\x40'));
  refused_bytes = 30'000;
  const absl::Status status = Classify(EncodedImage{file}).get().status();
  refused_bytes = SIZE_MAX;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(GetReason(status), kReasonOverloaded);
  // The time in which the queue drains, which is empty.
  EXPECT_EQ(GetRetryDelay(status), kExecution);
  EXPECT_THAT(Classify(EncodedImage{file}).get(), IsOk());
}

}  // namespace
}  // namespace edgenext::serving
