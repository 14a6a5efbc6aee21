#ifndef MODEL_BASE_PACKED_MEMORY_H_
#define MODEL_BASE_PACKED_MEMORY_H_

#include <cstddef>
#include <vector>

#include "model/base/arena.h"

namespace edgenext {

// The memory of one network's packed weights, in blocks on huge pages: unlike an arena it grows, since what
// packing takes is not known before. Whoever uses what is packed keeps a reference. Thread-compatible.
class PackedMemory {
 public:
  // As Arena::AllocateBytes; valid as long as this is.
  void* Allocate(size_t size_bytes);
  size_t size_bytes() const { return size_bytes_; }  // allocated, in whole cache lines

 private:
  std::vector<Arena> blocks_;
  size_t size_bytes_ = 0;
};

}  // namespace edgenext

#endif  // MODEL_BASE_PACKED_MEMORY_H_
