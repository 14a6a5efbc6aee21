#ifndef MODEL_KERNELS_KERNELS_H_
#define MODEL_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "model/kernels/depthwise.h"
#include "model/kernels/isa.h"
#include "model/kernels/linear.h"
#include "model/kernels/xca.h"

// Our own loops, one implementation an instruction set. Every kernel here reads and writes nothing outside
// the extents it documents, does not allocate, lock or throw, and is thread-safe: all state is in its
// arguments.
namespace edgenext::kernels {

// How one axis of an image is resampled. Output i is, in 8 bits,
//   clip((2^21 + sum over k < taps[i] of coefficient[i, k] * input[first[i] + k]) >> 22)
// which is Pillow's arithmetic (libImaging/Resample.c). A coefficient is high * 2^12 + low, 0 <= low < 2^12,
// in two parts because processors multiply 16-bit numbers fastest.
struct ResampleAxis {
  int size;              // outputs
  const int32_t* first;  // [size], ascending, >= 0
  const int32_t* taps;   // [size], >= 1; first + taps is ascending and within the input
  const int16_t* high;   // [size, stride], zero beyond taps
  const int16_t* low;    // [size, stride], zero beyond taps
  size_t stride;         // >= taps, a multiple of 8
};

// Interleaved 8-bit RGB rows. `in` and `out` must not overlap.
struct ResampleArguments {
  const uint8_t* in;
  size_t in_stride;  // bytes from row to row
  uint8_t* out;
  size_t out_stride;  // bytes from row to row
  int in_width;       // pixels in a row of `in`
  int in_height;      // rows of `in`
  ResampleAxis axis;
};

// Every instruction set gives the same bytes.
struct ResampleKernels {
  // [in_height, in_width] pixels to [in_height, axis.size]; axis.first counts pixels of a row.
  void (*horizontal)(const ResampleArguments& arguments);
  // [in_height, in_width] pixels to [axis.size, in_width]; axis.first counts rows.
  void (*vertical)(const ResampleArguments& arguments);
};

// The kernels of one instruction set.
struct KernelTable {
  Isa isa;
  const XcaKernels* xca;
  const ResampleKernels* resample;
  void (*depthwise)(const DepthwiseArguments& arguments);  // depthwise.h
  const LinearKernels* linear;
};

// The table of `isa`, or null where this processor does not support it. Never destroyed.
const KernelTable* FindKernelTable(Isa isa);

// The kernels of `isa` that multiply in bfloat16, or null where there are none: they need AVX-512 BF16 beside
// Isa::kAvx512. Never destroyed.
const LinearKernels* FindBf16Kernels(Isa isa);

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_KERNELS_H_
