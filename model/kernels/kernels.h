#ifndef MODEL_KERNELS_KERNELS_H_
#define MODEL_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "model/kernels/isa.h"

// Our own loops, one implementation an instruction set. Every kernel here reads and writes nothing outside
// the extents it documents, does not allocate, lock or throw, and is thread-safe: all state is in its
// arguments.
namespace edgenext::kernels {

// Cross-covariance attention (XCA) of one image, Ali et al., "XCiT", section 3.3; the part between the
// projections qkv and proj:
//   for each head h, with Q, K, V of shape [head_dim, tokens]:
//     q = Q / max(|Q|, 1e-12) by rows (norms over tokens), k likewise
//     A = softmax(q k^T * temperature[h]) by rows, of shape [head_dim, head_dim]
//     out = A V
struct XcaArguments {
  const float* qkv;          // [tokens, 3, heads, head_dim], dense
  const float* temperature;  // [heads]
  int tokens;                // >= 1
  int heads;                 // >= 1
  int head_dim;              // >= 1
  float* out;                // [tokens, heads, head_dim], dense; must not overlap qkv
  float* scratch;            // XcaScratchFloats(heads, head_dim) floats, contents undefined before and after
};

// Scratch that every implementation of XCA needs at most.
size_t XcaScratchFloats(int heads, int head_dim);

// The kernels of one instruction set.
struct KernelTable {
  Isa isa;
  void (*xca)(const XcaArguments& arguments);
};

// The table of `isa`, or null where this processor does not support it. Never destroyed.
const KernelTable* FindKernelTable(Isa isa);

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_KERNELS_H_
