#include "model/bench/peak.h"

#include <algorithm>
#include <chrono>

#include "model/bench/mac_loops.h"

namespace edgenext {
namespace {

constexpr int kAttempts = 20;  // the fastest counts: everything else only slows down

// The most that `run`, which returns what it did, does a second.
template <typename Run>
double BestRate(Run run) {
  double best = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    const double done = run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, done / elapsed.count());
  }
  return best;
}

double RunDependentAdditions() {
  constexpr int kSteps = 400'000;
  unsigned long value = 0;
  for (int step = 0; step < kSteps; ++step) {
    asm volatile(
        "add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\t"
        "add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0"
        : "+r"(value));
  }
  return static_cast<double>(value);
}

}  // namespace

CorePeak MeasureCorePeak(kernels::Isa isa, kernels::Precision precision) {
  constexpr int kSteps = 200'000;
  CorePeak peak;
  peak.macs_per_second = BestRate([isa, precision] {
    if (precision == kernels::Precision::kBf16) return RunMacsAvx512Bf16(kSteps);
    switch (isa) {
      case kernels::Isa::kScalar:
        return RunMacsScalar(kSteps);
      case kernels::Isa::kAvx2:
        return RunMacsAvx2(kSteps);
      case kernels::Isa::kAvx512:
        return RunMacsAvx512(kSteps);
    }
    return 0.0;
  });
  peak.clock_hz = BestRate(RunDependentAdditions);
  return peak;
}

}  // namespace edgenext
