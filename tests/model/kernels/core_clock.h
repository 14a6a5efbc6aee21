#ifndef TESTS_MODEL_KERNELS_CORE_CLOCK_H_
#define TESTS_MODEL_KERNELS_CORE_CLOCK_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace edgenext::kernels {

// Cycles of this core in a second while it is busy, from a chain of additions that take one cycle each: the
// time stamp counter runs at another, fixed rate.
inline double MeasureCoreHertz() {
  constexpr int kChains = 200'000;
  double best_seconds = 1e9;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    uint64_t sum = 0;
    for (int i = 0; i < kChains; ++i) {
      __asm__ volatile(
          "add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n"
          "add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n"
          : "+r"(sum));
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best_seconds = std::min(best_seconds, elapsed.count());
  }
  return 10.0 * kChains / best_seconds;
}

// Core cycles that this process has been given since it was made: a benchmark's unit that neither other
// machines' clock rates nor other processes change.
class CoreClock {
 public:
  double ElapsedCycles() const {
    const double seconds = static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC;
    static const double core_hertz = MeasureCoreHertz();
    return seconds * core_hertz;
  }

 private:
  std::clock_t start_ = std::clock();
};

}  // namespace edgenext::kernels

#endif  // TESTS_MODEL_KERNELS_CORE_CLOCK_H_
