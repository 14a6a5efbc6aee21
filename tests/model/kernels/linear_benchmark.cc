#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "model/kernels/kernels.h"
#include "model/kernels/maps.h"
#include "model/ops/linear.h"
#include "model/ops/packer.h"
#include "model/ops/program.h"
#include "tests/model/kernels/core_clock.h"
#include "tests/model/kernels/supported_tables.h"

// Linear layers, MLPs and LayerNorm of published variants at 256 x 256, over all tokens of a map, beside what
// oneDNN makes of the same work. "MAC/clk" counts multiply-accumulates of linear layers; "clk/value" of
// LayerNorm is time.
namespace edgenext::kernels {
namespace {

// Bytes on a cache line's boundary, as an executor's are; floats in [-1, 1).
class Memory {
 public:
  explicit Memory(size_t bytes) : data_(::operator new (bytes, std::align_val_t{64})) {
    auto* values = static_cast<float*>(data_.get());
    for (size_t i = 0; i < bytes / sizeof(float); ++i) values[i] = static_cast<float>(i % 101) / 50.0f - 1.0f;
  }
  void* data() { return data_.get(); }
  float* floats() { return static_cast<float*>(data_.get()); }

 private:
  struct Delete {
    void operator()(void* data) const { ::operator delete (data, std::align_val_t{64}); }
  };
  std::unique_ptr<void, Delete> data_;
};

size_t Floats(int rows, int columns) { return static_cast<size_t>(rows) * static_cast<size_t>(columns); }
size_t Stride(int channels) { return static_cast<size_t>(PaddedChannels(channels)); }
std::vector<float> Pattern(size_t size) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) values[i] = static_cast<float>(i % 101) / 50.0f - 1.0f;
  return values;
}

struct Shape {
  int rows;
  int inputs;
  int outputs;

  double Macs() const { return static_cast<double>(rows) * inputs * outputs; }
  std::string Name() const {
    return "/rows:" + std::to_string(rows) + "/" + std::to_string(inputs) + "x" + std::to_string(outputs);
  }
};

// Downsampling, and q, k and v, of xx_small and small.
constexpr Shape kLinearShapes[] = {{1024, 96, 48}, {256, 192, 88},  {64, 352, 168},  {1024, 48, 144},
                                   {256, 88, 264}, {64, 168, 504},  {1024, 192, 96}, {256, 384, 160},
                                   {64, 640, 304}, {1024, 96, 288}, {256, 160, 480}, {64, 304, 912}};

// The maps of xx_small and small.
struct MapShape {
  int rows;
  int channels;

  double MlpMacs() const { return 8.0 * rows * channels * channels; }
  std::string Name() const {
    return "/rows:" + std::to_string(rows) + "/channels:" + std::to_string(channels);
  }
};
constexpr MapShape kMaps[] = {{4096, 24}, {1024, 48}, {256, 88},  {64, 168},
                              {4096, 48}, {1024, 96}, {256, 160}, {64, 304}};

// A layer with packed weights.
struct Layer {
  Layer(const LinearKernels& kernels, int inputs, int outputs)
      : weight(PackedLinearBytes(kernels, inputs, outputs)), bias(Stride(outputs) * sizeof(float)) {
    PackLinear(kernels, Pattern(Floats(inputs, outputs)).data(), inputs, outputs, weight.data());
    std::fill(bias.floats() + outputs, bias.floats() + Stride(outputs), 0.0f);
    packed = {weight.data(), bias.floats(), inputs, outputs};
  }
  Memory weight, bias;
  PackedLinear packed;
};

// Factor rows.
struct Factors {
  Factors(const LinearKernels& kernels, int rows, int channels)
      : stride(Stride(channels)), memory(static_cast<size_t>(rows) * stride * kernels.factor_bytes) {
    const std::vector<float> values = Pattern(static_cast<size_t>(rows) * stride);
    kernels.convert({values.data(), stride, rows, channels, memory.data(), stride, static_cast<int>(stride)});
  }
  size_t stride;
  Memory memory;
};

void Measure(benchmark::State& state, const char* unit, double amount, const std::function<void()>& run) {
  run();
  const CoreClock clock;
  for (auto _ : state) {
    run();
    benchmark::ClobberMemory();
  }
  const double done = amount * static_cast<double>(state.iterations());
  const double cycles = clock.ElapsedCycles();
  state.counters[unit] = unit == std::string("MAC/clk") ? done / cycles : cycles / done;
}

void BM_Linear(benchmark::State& state, const LinearKernels& kernels, const Shape& shape) {
  Factors in(kernels, shape.rows, shape.inputs);
  Layer layer(kernels, shape.inputs, shape.outputs);
  const size_t stride = Stride(shape.outputs);
  Memory out(static_cast<size_t>(shape.rows) * stride * sizeof(float));
  Measure(state, "MAC/clk", shape.Macs(), [&] {
    kernels.linear({in.memory.data(), in.stride, shape.rows, layer.packed, nullptr, 0, out.floats(), stride});
  });
}

void BM_Mlp(benchmark::State& state, const LinearKernels& kernels, const MapShape& map,
            Activation activation) {
  const int hidden = 4 * map.channels;
  Factors in(kernels, map.rows, map.channels);
  Layer fc1(kernels, map.channels, hidden), fc2(kernels, hidden, map.channels);
  const size_t bytes = static_cast<size_t>(map.rows) * in.stride * sizeof(float);
  Memory residual(bytes), out(bytes), scratch(MlpScratchBytes(hidden));
  Measure(state, "MAC/clk", map.MlpMacs(), [&] {
    kernels.mlp({in.memory.data(), in.stride, map.rows, fc1.packed, fc2.packed, activation, residual.floats(),
                 in.stride, out.floats(), in.stride, scratch.data()});
  });
}

void BM_LayerNorm(benchmark::State& state, const LinearKernels& kernels, const MapShape& map) {
  const size_t stride = Stride(map.channels), floats = static_cast<size_t>(map.rows) * stride;
  Memory in(floats * sizeof(float)), out(floats * sizeof(float));
  Measure(state, "clk/value", static_cast<double>(map.rows) * map.channels, [&] {
    kernels.layer_norm({in.floats(), stride, map.rows, map.channels, 1e-6f, nullptr, nullptr, out.data(),
                        stride, static_cast<int>(stride)});
  });
}

// Layers that oneDNN runs one after the other, over `band` rows of dense maps at a time.
class OneDnn {
 public:
  struct Step {
    ops::LinearSpec spec;
    const float* in;
    float* out;
  };

  // The steps of the first band; those of the others follow.
  OneDnn(const std::vector<Step>& steps, int bands) : packer_(BestIsa()) {
    std::vector<ops::Linear> layers;
    for (const Step& step : steps) {
      const std::vector<float> weight = Pattern(Floats(step.spec.inputs, step.spec.outputs));
      const std::vector<float> bias = Pattern(static_cast<size_t>(step.spec.outputs));
      layers.push_back(ops::Linear::Make(packer_, step.spec, {{step.spec.outputs, step.spec.inputs}, weight},
                                         {{step.spec.outputs}, bias})
                           .value());
    }
    scratch_ = std::make_unique<Memory>(packer_.scratch_bytes());
    program_ = std::make_unique<ops::Program>(scratch_->data());
    for (int band = 0; band < bands; ++band) {
      for (size_t i = 0; i < steps.size(); ++i) {
        const ops::LinearSpec& spec = steps[i].spec;
        const auto first = static_cast<size_t>(band * spec.rows);
        // What a step hands to the next one stays in the caches.
        const bool from_map = i == 0, to_map = i + 1 == steps.size();
        layers[i].AppendTo(*program_, steps[i].in + (from_map ? first * static_cast<size_t>(spec.inputs) : 0),
                           steps[i].out + (to_map ? first * static_cast<size_t>(spec.outputs) : 0));
      }
    }
  }

  void Run(benchmark::State& state, double macs) {
    Measure(state, "MAC/clk", macs, [this, &state] {
      if (!program_->RunAll().ok()) state.SkipWithError("oneDNN failed");
    });
  }

 private:
  ops::Packer packer_;
  std::unique_ptr<Memory> scratch_;
  std::unique_ptr<ops::Program> program_;
};

void BM_LinearOneDnn(benchmark::State& state, const Shape& shape) {
  Memory in(Floats(shape.rows, shape.inputs) * sizeof(float));
  Memory out(Floats(shape.rows, shape.outputs) * sizeof(float));
  OneDnn({{{shape.rows, shape.inputs, shape.outputs}, in.floats(), out.floats()}}, 1)
      .Run(state, shape.Macs());
}

// As model/layered runs it: fc1 with the activation, fc2 with the residual, on bands whose hidden values are
// within the L2 cache.
void BM_MlpOneDnn(benchmark::State& state, const MapShape& map, ops::Activation activation) {
  constexpr int kBandFloats = 96 * 1024;
  const int hidden = 4 * map.channels;
  int bands = 1;
  while (map.rows / bands * hidden > kBandFloats) bands *= 2;
  const int rows = map.rows / bands;
  Memory in(Floats(map.rows, map.channels) * sizeof(float)),
      out(Floats(map.rows, map.channels) * sizeof(float));
  Memory wide(Floats(rows, hidden) * sizeof(float));
  OneDnn({{{rows, map.channels, hidden, activation}, in.floats(), wide.floats()},
          {{rows, hidden, map.channels, ops::Activation::kNone, /*accumulate=*/true},
           wide.floats(),
           out.floats()}},
         bands)
      .Run(state, map.MlpMacs());
}

void Register(const std::string& name, const LinearKernels& kernels) {
  for (const Shape& shape : kLinearShapes) {
    benchmark::RegisterBenchmark(("BM_Linear/" + name + shape.Name()).c_str(), BM_Linear, kernels, shape);
  }
  for (const MapShape& map : kMaps) {
    benchmark::RegisterBenchmark(("BM_Mlp/" + name + map.Name()).c_str(), BM_Mlp, kernels, map,
                                 Activation::kGelu);
    benchmark::RegisterBenchmark(("BM_MlpHardswish/" + name + map.Name()).c_str(), BM_Mlp, kernels, map,
                                 Activation::kHardswish);
    benchmark::RegisterBenchmark(("BM_LayerNorm/" + name + map.Name()).c_str(), BM_LayerNorm, kernels, map);
  }
}

const bool kRegistered = [] {
  for (const KernelTable* table : SupportedTables()) {
    Register(std::string(IsaName(table->isa)) + "_f32", *table->linear);
    const LinearKernels* bf16 = FindBf16Kernels(table->isa);
    if (bf16 != nullptr) Register(std::string(IsaName(table->isa)) + "_bf16", *bf16);
  }
  for (const Shape& shape : kLinearShapes) {
    benchmark::RegisterBenchmark(("BM_LinearOneDnn" + shape.Name()).c_str(), BM_LinearOneDnn, shape);
  }
  for (const MapShape& map : kMaps) {
    benchmark::RegisterBenchmark(("BM_MlpOneDnn" + map.Name()).c_str(), BM_MlpOneDnn, map,
                                 ops::Activation::kGelu);
    benchmark::RegisterBenchmark(("BM_MlpHardswishOneDnn" + map.Name()).c_str(), BM_MlpOneDnn, map,
                                 ops::Activation::kHardswish);
  }
  return true;
}();

}  // namespace
}  // namespace edgenext::kernels
