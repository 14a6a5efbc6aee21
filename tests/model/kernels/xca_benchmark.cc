#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/core_clock.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

// A stage of a published variant at 256 x 256.
struct Shape {
  int tokens;
  int heads;
  int head_dim;
};

constexpr Shape kShapes[] = {{1024, 4, 12}, {256, 4, 22},  {64, 4, 42},   {1024, 4, 16},
                             {256, 4, 25},  {64, 4, 48},   {1024, 8, 12}, {256, 8, 20},
                             {64, 8, 38},   {1024, 8, 20}, {256, 8, 36},  {64, 8, 73}};

void BM_XcaAttention(benchmark::State& state, const KernelTable& table, Shape shape) {
  const size_t channels = static_cast<size_t>(shape.heads * shape.head_dim);
  std::vector<float> qkv(static_cast<size_t>(shape.tokens) * 3 * channels);
  for (size_t i = 0; i < qkv.size(); ++i) qkv[i] = static_cast<float>(i % 101) / 50.0f - 1.0f;
  const std::vector<float> temperature(static_cast<size_t>(shape.heads), 4.0f);
  std::vector<float> out(static_cast<size_t>(shape.tokens) * channels);
  std::vector<float> scratch(XcaScratchFloats(shape.heads, shape.head_dim));
  const XcaArguments arguments = {qkv.data(),     temperature.data(), shape.tokens,  shape.heads,
                                  shape.head_dim, out.data(),         scratch.data()};
  const CoreClock clock;
  for (auto _ : state) {
    table.xca(arguments);
    benchmark::ClobberMemory();
  }
  const double cycles = clock.ElapsedCycles();
  const double macs = 2.0 * shape.tokens * static_cast<double>(channels) * shape.head_dim;
  state.counters["MAC/clk"] = macs * static_cast<double>(state.iterations()) / cycles;
}

const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    for (const KernelTable* table : SupportedTables()) {
      const std::string name =
          std::string("BM_XcaAttention/") + IsaName(table->isa) + "/tokens:" + std::to_string(shape.tokens) +
          "/heads:" + std::to_string(shape.heads) + "/dim:" + std::to_string(shape.head_dim);
      benchmark::RegisterBenchmark(name.c_str(), BM_XcaAttention, *table, shape);
    }
  }
  return true;
}();

}  // namespace
}  // namespace edgenext::kernels
