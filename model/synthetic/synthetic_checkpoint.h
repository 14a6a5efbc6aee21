#ifndef MODEL_SYNTHETIC_SYNTHETIC_CHECKPOINT_H_
#define MODEL_SYNTHETIC_SYNTHETIC_CHECKPOINT_H_

#include <cstdint>
#include <memory>

#include "model/edgenext/config.h"
#include "model/edgenext/weights.h"
#include "model/tensor/tensor.h"
#include "model/weights/checkpoint.h"

// Checkpoints and inputs whose every value follows from a formula, so that a network can be checked against
// recorded results without any file of weights. Element i of the sequence named `key` with seed s is
//   u = (z >> 40) / 2^23 - 1, in [-1, 1) and exact in float32, where
//   z = splitmix64_mix(fnv1a64(key) + s + (i + 1) * 0x9E3779B97F4A7C15), all modulo 2^64.
namespace edgenext {

// Every tensor of a variant with config.classes classes. The key of a tensor is always its official name, so
// both namings have the same values:
//   gamma, gamma_xca                   0.5 + 0.25 u
//   temperature                        4 + 2 u
//   running_mean, running_var          0.1 u, 1 + 0.5 u
//   weight of a norm (one dimension)   1 + 0.2 u
//   any other weight                   sqrt(3 / fan_in) u, fan_in the product of all dimensions but the first
//   bias                               0.1 u
// The values are made when they are read. `naming` must be one that the variant has (TensorSpecs).
std::unique_ptr<Checkpoint> MakeSyntheticCheckpoint(const EdgeNextConfig& config, Naming naming,
                                                    uint64_t seed);

// A normalised input [batch, 3, height, width]: 1.5 * coarse + 0.5 * fine, where coarse has one value for
// each image, channel and cell of 32 x 32 pixels (key "input/SEED/coarse") and fine one for each element (key
// "input/SEED/fine"), both with s = 0.
Tensor SyntheticInput(uint64_t seed, int batch, int height, int width);

}  // namespace edgenext

#endif  // MODEL_SYNTHETIC_SYNTHETIC_CHECKPOINT_H_
