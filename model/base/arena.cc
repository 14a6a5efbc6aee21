#include "model/base/arena.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace edgenext {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

}  // namespace

Arena::Arena(size_t capacity_bytes) {
  if (capacity_bytes == 0) return;
  capacity_bytes_ = (capacity_bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  const bool overflow = capacity_bytes_ < capacity_bytes;
  data_ = overflow ? nullptr : static_cast<char*>(std::aligned_alloc(kHugePageBytes, capacity_bytes_));
  if (data_ == nullptr) {
    std::fprintf(stderr, "arena: out of memory for %zu bytes\n", capacity_bytes);
    std::abort();
  }
  // Pages that an earlier owner touched may be small ones, or on another NUMA node: begin with none.
  madvise(data_, capacity_bytes_, MADV_DONTNEED);
  madvise(data_, capacity_bytes_, MADV_HUGEPAGE);  // advice: small pages work too
  std::memset(data_, 0, capacity_bytes_);
}

Arena::~Arena() { std::free(data_); }

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      capacity_bytes_(std::exchange(other.capacity_bytes_, 0)),
      used_bytes_(std::exchange(other.used_bytes_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_bytes_, other.capacity_bytes_);
  std::swap(used_bytes_, other.used_bytes_);
  return *this;
}

void* Arena::AllocateBytes(size_t size_bytes) {
  const size_t size = Aligned(size_bytes);
  if (size < size_bytes || size > capacity_bytes_ - used_bytes_) {
    std::fprintf(stderr, "arena: %zu bytes asked, %zu of %zu left\n", size_bytes,
                 capacity_bytes_ - used_bytes_, capacity_bytes_);
    std::abort();
  }
  void* memory = data_ + used_bytes_;
  used_bytes_ += size;
  return memory;
}

}  // namespace edgenext
