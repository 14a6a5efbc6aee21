#ifndef MODEL_EDGENEXT_MACS_H_
#define MODEL_EDGENEXT_MACS_H_

#include <cstdint>

#include "model/edgenext/config.h"

namespace edgenext {

// Multiply-accumulates, by the precision of their factors.
struct Macs {
  double f32 = 0;
  double bf16 = 0;

  Macs& operator+=(const Macs& other) {
    f32 += other.f32;
    bf16 += other.bf16;
    return *this;
  }
};

// Multiply-accumulates of one image of height x width (multiples of 32): convolutions with their padding,
// linear layers, and both products of attention. What a faster way of computing saves still counts; the
// positional code, which depends on the size alone, does not.
int64_t NominalMacs(const EdgeNextConfig& config, int height, int width);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_MACS_H_
