#ifndef TESTS_MODEL_FUSED_FUSED_HARNESS_H_
#define TESTS_MODEL_FUSED_FUSED_HARNESS_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/types/optional.h"
#include "model/base/arena.h"
#include "model/base/thread_team.h"
#include "model/fused/buffers.h"
#include "model/fused/map_layout.h"
#include "model/fused/pack_context.h"
#include "model/fused/program.h"
#include "model/kernels/kernels.h"
#include "tests/testing/reference_layers.h"

// Blocks of the fused execution, each run alone. Maps hold float32 values, in double.
namespace edgenext::testing {

// Kernels that a network can be packed for.
struct FusedKernels {
  std::string name;  // "avx512"
  const kernels::KernelTable* table;
  const kernels::LinearKernels* linear;

  friend std::ostream& operator<<(std::ostream& out, const FusedKernels& kernels) {
    return out << kernels.name;
  }
};
// Those that this processor has, of one precision; in bfloat16 maybe none.
std::vector<FusedKernels> FusedKernelsIn(kernels::Precision precision);

// Memory and a program for what is packed with context(). Every value that nothing wrote is not a number.
class FusedHarness {
 public:
  FusedHarness(const EdgeNextConfig& config, const FusedKernels& kernels);

  fused::PackContext& context() { return context_; }

  // Once everything is packed. Maps may be of either size.
  fused::Buffers& Allocate(const fused::MapLayout& in, const fused::MapLayout& out);
  fused::Program& program() { return program_; }
  void SetInput(const NetworkInput& input) { input_ = input; }

  // Between a map of the kernels' layout and values. Reading expects zeros in the lanes of padding.
  static void Write(const Map& values, const fused::MapLayout& layout, float* map);
  static Map Read(const float* map, const fused::MapLayout& layout);

  void Run() {
    CallingThread alone;
    program_.Run(0, program_.size(), alone, buffers_->scratch);
  }

 private:
  fused::PackContext context_;
  NetworkInput input_;
  Arena arena_;
  absl::optional<fused::Buffers> buffers_;
  fused::Program program_;
};

// Of the layout of `map`.
inline fused::MapLayout LayoutOf(const Map& map) { return {map.height, map.width, map.channels}; }

// Runs a block that reads a map and writes another: block.AppendTo(program, [buffers,] x, out).
template <typename Block>
Map RunFused(FusedHarness& harness, const Block& block, const Map& x, const fused::MapLayout& out) {
  fused::Buffers& buffers = harness.Allocate(LayoutOf(x), out);
  FusedHarness::Write(x, LayoutOf(x), buffers.maps[0]);
  if constexpr (std::is_invocable_v<decltype(&Block::AppendTo), const Block&, fused::Program&, const float*,
                                    float*>) {
    block.AppendTo(harness.program(), buffers.maps[0], buffers.maps[1]);
  } else {
    block.AppendTo(harness.program(), buffers, buffers.maps[0], buffers.maps[1]);
  }
  harness.Run();
  return FusedHarness::Read(buffers.maps[1], out);
}

// Values of mean 0 and variance 1, rounded to float32; the same for a seed.
Map RandomMap(int channels, int height, int width, uint32_t seed);

struct Difference {
  double root_mean_square;
  double largest;
};
// Of two maps, relative to the root mean square of `scale`.
Difference Compare(const Map& a, const Map& b, const Map& scale);
// a - b
Map Subtract(Map a, const Map& b);

}  // namespace edgenext::testing

#endif  // TESTS_MODEL_FUSED_FUSED_HARNESS_H_
