#ifndef MODEL_BASE_SPIN_H_
#define MODEL_BASE_SPIN_H_

#include <cstddef>
#include <thread>

namespace edgenext {

// Waiting awake for what another thread is about to do: within microseconds, sooner than a sleeper wakes.

// What threads watch lies this far apart, so that a change disturbs only those who watch it.
inline constexpr size_t kCacheLineBytes = 64;

// Looks for some 50 us, longer than most such waits. Whether `condition` came to hold.
template <typename Condition>
bool SpinBriefly(Condition condition) {
  constexpr int kLooks = 2000;
  for (int look = 0; look < kLooks; ++look) {
    if (condition()) return true;
    __builtin_ia32_pause();
  }
  return false;
}

// Until `condition` holds. After a while it lets others have the processor: more threads than free processors
// would otherwise wait for a thread that waits for their processor.
template <typename Condition>
void SpinUntil(Condition condition) {
  if (SpinBriefly(condition)) return;
  while (!condition()) std::this_thread::yield();
}

}  // namespace edgenext

#endif  // MODEL_BASE_SPIN_H_
