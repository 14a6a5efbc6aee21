#include <benchmark/benchmark.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/core_clock.h"
#include "tests/model/kernels/supported_tables.h"

// Every piece of XCA. "MAC/clk" counts the multiplications that the pieces by tokens take for the same work,
// those of the linear layers that a piece makes superfluous included: a form by Gram matrix, or folded, is
// worth its while where it shows more than scores or values by tokens do behind a linear layer.
namespace edgenext::kernels {
namespace {

// Floats on a cache line's boundary, as an executor's are.
class Floats {
 public:
  explicit Floats(size_t count)
      : data_(static_cast<float*>(::operator new (count * sizeof(float), std::align_val_t{64}))) {
    for (size_t i = 0; i < count; ++i) data_.get()[i] = static_cast<float>(i % 101) / 50.0f - 1.0f;
  }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }

 private:
  struct Delete {
    void operator()(float* data) const { ::operator delete (data, std::align_val_t{64}); }
  };
  std::unique_ptr<float[], Delete> data_;
};

// The sizes of a case, and what all pieces need.
struct Case {
  explicit Case(const XcaShape& of)
      : shape(of),
        tokens(static_cast<size_t>(of.tokens)),
        dim(static_cast<size_t>(of.head_dim)),
        channels(static_cast<size_t>(of.channels())),
        stride((channels + 15) / 16 * 16),
        temperature(static_cast<size_t>(of.heads), 4.0f),
        attention(XcaAttentionFloats(of)) {}

  double macs_by_tokens() const { return static_cast<double>(tokens * channels * dim); }
  double macs_of_layer() const { return static_cast<double>(tokens * channels * channels); }

  XcaShape shape;
  size_t tokens;
  size_t dim;
  size_t channels;
  size_t stride;
  std::vector<float> temperature;
  Floats attention;
};

template <typename Piece>
void Measure(benchmark::State& state, double macs, Piece piece) {
  const CoreClock clock;
  for (auto _ : state) {
    piece();
    benchmark::ClobberMemory();
  }
  state.counters["MAC/clk"] = macs * static_cast<double>(state.iterations()) / clock.ElapsedCycles();
}

void BM_Scores(benchmark::State& state, const XcaKernels& xca, const XcaShape& shape) {
  Case c(shape);
  const Floats qkv(c.tokens * 3 * c.stride);
  Floats scratch(XcaScoresScratchFloats(shape));
  Measure(state, c.macs_by_tokens(), [&] {
    xca.scores({shape, qkv.data(), qkv.data() + c.channels, 3 * c.stride, c.temperature.data(),
                c.attention.data(), scratch.data()});
  });
}

void BM_GramScores(benchmark::State& state, const XcaKernels& xca, const XcaShape& shape) {
  Case c(shape);
  const Floats z(c.tokens * c.stride);
  const Floats weight(c.channels * c.stride);
  const Floats bias(c.stride);
  Floats scratch(XcaGramScoresScratchFloats(shape));
  Measure(state, 2.0 * c.macs_of_layer() + c.macs_by_tokens(), [&] {
    xca.gram_scores({shape, z.data(), weight.data(), weight.data(), bias.data(), bias.data(), c.stride,
                     c.temperature.data(), c.attention.data(), scratch.data()});
  });
}

void BM_Apply(benchmark::State& state, const XcaKernels& xca, const XcaShape& shape) {
  const Case c(shape);
  const Floats qkv(c.tokens * 3 * c.stride);
  Floats out(c.tokens * c.stride);
  Measure(state, c.macs_by_tokens(), [&] {
    xca.apply({shape, c.attention.data(), qkv.data() + 2 * c.channels, 3 * c.stride, out.data(), c.stride});
  });
}

// Without the one linear layer that is left to do; "MAC/clk" leaves out one of the two that it replaces.
void BM_Fold(benchmark::State& state, const XcaKernels& xca, const XcaShape& shape, int panel) {
  const Case c(shape);
  const Floats weight(c.channels * c.stride);
  const Floats bias(c.stride);
  const int panels = (shape.channels() + panel - 1) / panel;
  Floats packed(static_cast<size_t>(panels * panel) * c.channels);
  Floats packed_bias(c.stride);
  Floats scratch(XcaFoldScratchFloats(shape));
  Measure(state, c.macs_of_layer() + c.macs_by_tokens(), [&] {
    xca.fold({shape, c.attention.data(), weight.data(), bias.data(), weight.data(), bias.data(), c.stride,
              panel, packed.data(), packed_bias.data(), scratch.data()});
  });
}

// SDTA encoders of published variants at 256 x 256: xx_small, small, base.
constexpr XcaShape kShapes[] = {{1024, 4, 12}, {256, 4, 22},  {64, 4, 42},  {1024, 8, 12}, {256, 8, 20},
                                {64, 8, 38},   {1024, 8, 20}, {256, 8, 36}, {64, 8, 73}};

const bool kRegistered = [] {
  for (const KernelTable* table : SupportedTables()) {
    for (const XcaShape& shape : kShapes) {
      const std::string name =
          std::string("/") + IsaName(table->isa) + "/tokens:" + std::to_string(shape.tokens) +
          "/heads:" + std::to_string(shape.heads) + "/dim:" + std::to_string(shape.head_dim);
      benchmark::RegisterBenchmark(("BM_Scores" + name).c_str(), BM_Scores, *table->xca, shape);
      benchmark::RegisterBenchmark(("BM_GramScores" + name).c_str(), BM_GramScores, *table->xca, shape);
      benchmark::RegisterBenchmark(("BM_Apply" + name).c_str(), BM_Apply, *table->xca, shape);
      benchmark::RegisterBenchmark(("BM_Fold" + name).c_str(), BM_Fold, *table->xca, shape,
                                   table->linear->panel);
    }
  }
  return true;
}();

}  // namespace
}  // namespace edgenext::kernels
