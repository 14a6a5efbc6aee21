#include "server/rpc/allocator.h"

#include <malloc.h>

namespace edgenext::serving {

void KeepMessageMemory() {
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

}  // namespace edgenext::serving
