#include "model/base/packed_memory.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"

namespace edgenext {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

// Several to a block, one that does not fit into the rest of it, and one that is larger than a block.
TEST(PackedMemoryTest, GrowsAndMovesNothing) {
  PackedMemory memory;
  std::vector<unsigned char*> blocks;
  const std::vector<size_t> sizes = {kMegabyte, kMegabyte / 2, kMegabyte, 5 * kMegabyte, 100};
  for (size_t i = 0; i < sizes.size(); ++i) {
    blocks.push_back(static_cast<unsigned char*>(memory.Allocate(sizes[i])));
    std::memset(blocks[i], static_cast<int>(i + 1), sizes[i]);
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(blocks[i][0], i + 1);
    EXPECT_EQ(blocks[i][sizes[i] - 1], i + 1);
  }
}

TEST(PackedMemoryTest, AccountsInWholeCacheLines) {
  PackedMemory memory;
  EXPECT_EQ(memory.size_bytes(), 0u);
  memory.Allocate(100);
  memory.Allocate(5 * kMegabyte);
  EXPECT_EQ(memory.size_bytes(), 128 + 5 * kMegabyte);
}

}  // namespace
}  // namespace edgenext
