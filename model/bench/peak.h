#ifndef MODEL_BENCH_PEAK_H_
#define MODEL_BENCH_PEAK_H_

#include "model/kernels/isa.h"

namespace edgenext {

// What one core can do at most, as measured, not as the data sheet says.
struct CorePeak {
  double clock_hz = 0;  // from a chain of dependent one-cycle additions
  double macs_per_second =
      0;  // float32 multiply-accumulates, from independent vector operations in registers
};

// Measures for a few tens of milliseconds on the calling thread. `isa` must be supported.
CorePeak MeasureCorePeak(kernels::Isa isa);

}  // namespace edgenext

#endif  // MODEL_BENCH_PEAK_H_
