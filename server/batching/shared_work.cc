#include "server/batching/shared_work.h"

#include "model/base/spin.h"

namespace edgenext::serving {

void SharedWork::Run() {
  work_(0, threads_);
  SpinUntil([this] { return helping_.load(std::memory_order_acquire) == 0; });
}

void SharedWork::Help() {
  work_(joined_.fetch_add(1, std::memory_order_relaxed), threads_);
  helping_.fetch_sub(1, std::memory_order_release);
}

}  // namespace edgenext::serving
