#ifndef TESTS_MODEL_FUSED_BLOCK_CASES_H_
#define TESTS_MODEL_FUSED_BLOCK_CASES_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "model/edgenext/weights.h"
#include "tests/model/fused/fused_harness.h"

namespace edgenext::testing {

enum class BlockKind {
  kStem,
  kStemOfFloats,
  kConvEncoder,
  kStridedConvEncoder,
  kDownsample,
  kSdtaEncoder,
  kHead
};

// One block of a variant, for images of a size.
struct BlockCase {
  std::string name;
  std::string variant;
  BlockKind kind;
  int stage;
  int height, width;  // of the image

  // Synthetic.
  const EdgeNextWeights& weights() const;
  fused::MapLayout in() const;   // what it reads; the image for stems
  fused::MapLayout out() const;  // what it makes; one token of logits for heads
  // Its last step adds to what it read.
  bool has_residual() const { return kind == BlockKind::kConvEncoder || kind == BlockKind::kSdtaEncoder; }

  // A value of the result depends on it through sums one after the other: of so many terms in all, made by so
  // many linear layers.
  int terms() const;
  int linear_layers() const;

  friend std::ostream& operator<<(std::ostream& out, const BlockCase& block) { return out << block.name; }
};

// Every kind of block of variants with every kind of block, at small sizes, and attention at usual ones.
std::vector<BlockCase> AllBlockCases();

// Both run the block on the same input, from a seed.
Map RunFusedBlock(const BlockCase& block, const FusedKernels& kernels);
// By oneDNN, with the plain loops of kernels::Isa::kScalar for what oneDNN does not do.
Map RunLayeredBlock(const BlockCase& block);
// What the block reads, a map.
Map BlockInput(const BlockCase& block);
std::vector<uint8_t> BlockImage(const BlockCase& block);
std::vector<float> BlockFloats(const BlockCase& block);

}  // namespace edgenext::testing

#endif  // TESTS_MODEL_FUSED_BLOCK_CASES_H_
