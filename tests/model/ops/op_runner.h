#ifndef TESTS_MODEL_OPS_OP_RUNNER_H_
#define TESTS_MODEL_OPS_OP_RUNNER_H_

#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/arena.h"
#include "model/ops/packer.h"
#include "model/ops/program.h"
#include "model/tensor/tensor.h"

namespace edgenext::ops {

// In [-1, 1), the same for every run.
inline Tensor RandomTensor(Shape shape, uint32_t seed) {
  Tensor tensor(std::move(shape));
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  for (float& value : tensor.values) value = uniform(random);
  return tensor;
}

// Runs one op from `source` into `destination`, whose contents it may read (accumulate). `op` is a Linear or
// a Convolution that was made with `packer`.
template <typename Op>
void RunOp(const Packer& packer, const Op& op, const Tensor& source, Tensor* destination) {
  Arena scratch(packer.scratch_bytes());
  Program program(scratch.AllocateBytes(packer.scratch_bytes()));
  op.AppendTo(program, source.values.data(), destination->values.data());
  ASSERT_EQ(program.size(), 1u);
  ASSERT_TRUE(program.RunAll().ok());
}

}  // namespace edgenext::ops

#endif  // TESTS_MODEL_OPS_OP_RUNNER_H_
