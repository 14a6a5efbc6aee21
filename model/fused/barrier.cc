#include "model/fused/barrier.h"

namespace edgenext::fused {

void Barrier::Await(int threads) {
  if (threads == 1) return;
  const uint32_t meeting = meetings_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
    arrived_.store(0, std::memory_order_relaxed);
    meetings_.store(meeting + 1, std::memory_order_release);
    return;
  }
  SpinUntil([&] { return meetings_.load(std::memory_order_acquire) != meeting; });
}

}  // namespace edgenext::fused
