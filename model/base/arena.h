#ifndef MODEL_BASE_ARENA_H_
#define MODEL_BASE_ARENA_H_

#include <cstddef>
#include <limits>

namespace edgenext {

// One block of zeroed memory, allocated and touched when it is made, so that no page fault happens later.
// Aligned to 2 MB and advised to use huge pages: on virtual machines the first touch of a small page costs
// over 10 us. Movable; the memory's address does not change. Thread-compatible.
class Arena {
 public:
  // Every Allocate returns memory aligned to this many bytes, a cache line and a zmm register.
  static constexpr size_t kAlignment = 64;

  Arena() = default;
  explicit Arena(size_t capacity_bytes);
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `count` Ts, owned by the arena. More than what is left is a programmer's error and aborts: sizes are
  // planned before the arena is made.
  template <typename T>
  T* Allocate(size_t count) {
    constexpr size_t kMax = std::numeric_limits<size_t>::max();
    return static_cast<T*>(AllocateBytes(count <= kMax / sizeof(T) ? count * sizeof(T) : kMax));
  }
  void* AllocateBytes(size_t size_bytes);

  // What `size_bytes` take of a capacity.
  static constexpr size_t Aligned(size_t size_bytes) {
    return (size_bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  size_t capacity_bytes() const { return capacity_bytes_; }
  size_t used_bytes() const { return used_bytes_; }

 private:
  char* data_ = nullptr;
  size_t capacity_bytes_ = 0;
  size_t used_bytes_ = 0;
};

}  // namespace edgenext

#endif  // MODEL_BASE_ARENA_H_
