#include "model/base/arena.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

bool IsAligned(const void* memory, size_t alignment) {
  return reinterpret_cast<uintptr_t>(memory) % alignment == 0;
}

TEST(ArenaTest, EveryAllocationIsAlignedZeroedAndApart) {
  Arena arena(kMegabyte);
  const char* end = nullptr;
  for (const size_t size : {1u, 63u, 64u, 65u, 1000u}) {
    char* memory = arena.Allocate<char>(size);
    EXPECT_TRUE(IsAligned(memory, Arena::kAlignment)) << size;
    EXPECT_GE(memory, end);
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(memory[i], 0);
    std::memset(memory, 0xFF, size);
    end = memory + size;
  }
}

TEST(ArenaTest, AccountsInWholeCacheLines) {
  Arena arena(kMegabyte);
  arena.Allocate<float>(1);
  EXPECT_EQ(arena.used_bytes(), 64u);
  arena.Allocate<float>(17);
  EXPECT_EQ(arena.used_bytes(), 192u);
  EXPECT_EQ(Arena::Aligned(0), 0u);
  EXPECT_EQ(Arena::Aligned(1), 64u);
  EXPECT_EQ(Arena::Aligned(64), 64u);
}

TEST(ArenaTest, CapacityIsWholeHugePagesOnTheirBoundary) {
  for (const size_t capacity : {size_t{1}, 2 * kMegabyte, 2 * kMegabyte + 1, 67 * kMegabyte}) {
    Arena arena(capacity);
    EXPECT_GE(arena.capacity_bytes(), capacity);
    EXPECT_LT(arena.capacity_bytes(), capacity + 2 * kMegabyte);
    EXPECT_EQ(arena.capacity_bytes() % (2 * kMegabyte), 0u);
    EXPECT_TRUE(IsAligned(arena.Allocate<char>(arena.capacity_bytes()), 2 * kMegabyte));
  }
}

TEST(ArenaTest, NothingCanBeAllocatedFromNothing) {
  Arena arena;
  EXPECT_EQ(arena.capacity_bytes(), 0u);
  EXPECT_EQ(Arena(0).capacity_bytes(), 0u);
  arena.Allocate<float>(0);
  EXPECT_EQ(arena.used_bytes(), 0u);
}

TEST(ArenaTest, MovingKeepsTheMemory) {
  Arena first(kMegabyte);
  int* value = first.Allocate<int>(1);
  *value = 7;
  Arena second(std::move(first));
  EXPECT_EQ(second.used_bytes(), 64u);
  Arena third;
  third = std::move(second);
  EXPECT_EQ(*value, 7);
  EXPECT_EQ(third.used_bytes(), 64u);
  EXPECT_NE(third.Allocate<int>(1), value);
}

using ArenaDeathTest = ::testing::Test;

TEST(ArenaDeathTest, MoreThanIsLeftIsAProgrammersError) {
  Arena arena(2 * kMegabyte);
  arena.Allocate<char>(kMegabyte);
  EXPECT_DEATH(arena.Allocate<char>(kMegabyte + 1), "arena: 1048577 bytes asked, 1048576 of 2097152 left");
  constexpr size_t kMax = std::numeric_limits<size_t>::max();
  EXPECT_DEATH(arena.Allocate<char>(kMax), "bytes asked");
  EXPECT_DEATH(arena.Allocate<char>(kMax - 62), "bytes asked");
  // 2^61 + 1 doubles are 8 bytes, modulo 2^64.
  EXPECT_DEATH(arena.Allocate<double>((size_t{1} << 61) + 1), "bytes asked");
  arena.Allocate<char>(kMegabyte);
  EXPECT_DEATH(arena.Allocate<char>(1), "arena: 1 bytes asked, 0 of 2097152 left");
}

TEST(ArenaDeathTest, CapacitiesBeyondMemoryAreReported) {
  EXPECT_DEATH(Arena(std::numeric_limits<size_t>::max() - 5),
               "arena: out of memory for 18446744073709551610 bytes");
}

}  // namespace
}  // namespace edgenext
