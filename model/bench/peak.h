#ifndef MODEL_BENCH_PEAK_H_
#define MODEL_BENCH_PEAK_H_

#include "model/kernels/isa.h"
#include "model/kernels/linear.h"

namespace edgenext {

// What one core can do at most, as measured, not as the data sheet says.
struct CorePeak {
  double clock_hz = 0;         // from a chain of dependent one-cycle additions
  double macs_per_second = 0;  // multiply-accumulates of independent vectors in registers
};

// Measures for a few tens of milliseconds on the calling thread. `isa` and `precision` must be supported.
CorePeak MeasureCorePeak(kernels::Isa isa, kernels::Precision precision);

}  // namespace edgenext

#endif  // MODEL_BENCH_PEAK_H_
