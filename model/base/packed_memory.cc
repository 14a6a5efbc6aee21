#include "model/base/packed_memory.h"

#include <algorithm>

namespace edgenext {
namespace {

constexpr size_t kBlockBytes = size_t{2} << 20;

}  // namespace

void* PackedMemory::Allocate(size_t size_bytes) {
  const size_t size = Arena::Aligned(size_bytes);
  if (blocks_.empty() || blocks_.back().capacity_bytes() - blocks_.back().used_bytes() < size) {
    blocks_.emplace_back(std::max(size, kBlockBytes));
  }
  size_bytes_ += size;
  return blocks_.back().AllocateBytes(size);
}

}  // namespace edgenext
