#ifndef MODEL_FUSED_BARRIER_H_
#define MODEL_FUSED_BARRIER_H_

#include <atomic>
#include <cstdint>

#include "model/base/spin.h"

namespace edgenext::fused {

// Where threads that work together meet: a spin barrier, at which they wait awake. Thread-safe.
class Barrier {
 public:
  // Called by `threads` threads, equally often: returns when all have called it, and what each wrote before
  // is then seen by all.
  void Await(int threads);

 private:
  // Each on a cache line of its own.
  alignas(kCacheLineBytes) std::atomic<int> arrived_{0};        // at the current meeting
  alignas(kCacheLineBytes) std::atomic<uint32_t> meetings_{0};  // that are over
};

}  // namespace edgenext::fused

#endif  // MODEL_FUSED_BARRIER_H_
