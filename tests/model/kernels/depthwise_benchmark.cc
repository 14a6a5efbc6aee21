#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "model/kernels/kernels.h"
#include "model/ops/convolution.h"
#include "model/ops/packer.h"
#include "model/ops/program.h"
#include "tests/model/kernels/core_clock.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

// A depthwise convolution of a published variant at 256 x 256.
struct Shape {
  int size;  // height and width of the input
  int channels;
  int kernel;
  int stride = 1;
  bool cascade = false;  // a range of channels, at an odd place of a map of twice as many, plus an addend
  int band = 0;          // rows of the output in a call, or 0 for all

  int out_size() const { return (size + stride - 1) / stride; }
  std::string Name() const {
    return "/" + std::to_string(size) + "x" + std::to_string(size) + "x" + std::to_string(channels) +
           "/k:" + std::to_string(kernel) + (stride > 1 ? "/strided" : "") + (cascade ? "/cascade" : "") +
           (band > 0 ? "/band:" + std::to_string(band) : "");
  }
  // Of the taps that meet the image.
  double Macs() const {
    double taps = 0.0;
    for (int x = 0; x < out_size(); ++x) {
      const int first = x * stride - kernel / 2;
      taps += std::min(first + kernel, size) - std::max(first, 0);
    }
    return taps * taps * channels;
  }
};

constexpr Shape kShapes[] = {{64, 48, 3},
                             {32, 96, 5},
                             {16, 160, 7},
                             {8, 304, 9},
                             {64, 24, 3},
                             {32, 48, 5},
                             {16, 88, 7},
                             {8, 168, 9},
                             {64, 48, 3, 1, false, 1},
                             {64, 48, 3, 1, false, 2},
                             {32, 96, 5, 1, false, 2},
                             {16, 160, 7, 1, false, 4},
                             {32, 48, 3, 1, true},
                             {16, 54, 3, 1, true},
                             {8, 76, 3, 1, true},
                             {16, 30, 3, 1, true},
                             {8, 42, 3, 1, true},
                             {64, 96, 5, 2},
                             {32, 192, 7, 2},
                             {16, 384, 9, 2}};

std::vector<float> Pattern(size_t size) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) values[i] = static_cast<float>(i % 101) / 50.0f - 1.0f;
  return values;
}

float* Align(std::vector<float>& values, size_t floats) {
  void* at = values.data();
  size_t space = values.size() * sizeof(float);
  return static_cast<float*>(std::align(64, floats * sizeof(float), at, space));
}

void ReportMacs(benchmark::State& state, const Shape& shape, const CoreClock& clock) {
  const double cycles = clock.ElapsedCycles();
  state.counters["MAC/clk"] = shape.Macs() * static_cast<double>(state.iterations()) / cycles;
}

void BM_Depthwise(benchmark::State& state, const KernelTable& table, Shape shape) {
  const auto padded = [](int channels) { return static_cast<size_t>((channels + 15) / 16 * 16); };
  const size_t stride = padded(shape.cascade ? 2 * shape.channels : shape.channels);
  const size_t in_pixels = static_cast<size_t>(shape.size) * static_cast<size_t>(shape.size);
  const size_t out_pixels = static_cast<size_t>(shape.out_size()) * static_cast<size_t>(shape.out_size());
  std::vector<float> in_memory = Pattern(in_pixels * stride + 16), addend_memory = in_memory;
  std::vector<float> out_memory(out_pixels * stride + 16), bias(padded(shape.channels));
  const float* in = Align(in_memory, in_pixels * stride);
  const float* addend = Align(addend_memory, in_pixels * stride);
  float* out = Align(out_memory, out_pixels * stride);
  const std::vector<float> weight =
      Pattern(static_cast<size_t>(shape.channels) * static_cast<size_t>(shape.kernel * shape.kernel));
  std::vector<float> packed_memory(PackedDepthwiseFloats(shape.channels, shape.kernel) + 16);
  float* packed = Align(packed_memory, packed_memory.size() - 16);
  PackDepthwise(weight.data(), shape.channels, shape.kernel, packed);
  DepthwiseArguments arguments = {
      in,           stride, nullptr,          0,          packed,         bias.data(),
      nullptr,      0,      shape.size,       shape.size, shape.channels, shape.kernel,
      shape.stride, 0,      shape.out_size(), out,        stride,         true};
  if (shape.cascade) {
    arguments.addend = addend + shape.channels;
    arguments.addend_stride = stride;
    arguments.out = out + shape.channels;
    arguments.write_padding = false;
  }
  if (shape.band > 0) arguments.rows = shape.band;
  const CoreClock clock;
  for (auto _ : state) {
    for (int row = 0; row < shape.out_size(); row += arguments.rows) {
      arguments.first_row = row;
      table.depthwise(arguments);
    }
    benchmark::ClobberMemory();
  }
  ReportMacs(state, shape, clock);
}

// What oneDNN makes of the whole convolution, for comparison.
void BM_DepthwiseOneDnn(benchmark::State& state, Shape shape) {
  const std::vector<float> in = Pattern(static_cast<size_t>(shape.size * shape.size * shape.channels));
  std::vector<float> out(in.size());
  const std::vector<float> weight =
      Pattern(static_cast<size_t>(shape.channels * shape.kernel * shape.kernel));
  const std::vector<float> bias(static_cast<size_t>(shape.channels));
  ops::Packer packer(BestIsa());
  ops::ConvolutionSpec spec;
  spec.height = spec.width = shape.size;
  spec.inputs = spec.outputs = shape.channels;
  spec.kernel = shape.kernel;
  spec.padding = shape.kernel / 2;
  spec.depthwise = true;
  const auto convolution = ops::Convolution::Make(
      packer, spec, {{shape.channels, 1, shape.kernel, shape.kernel}, weight}, {{shape.channels}, bias});
  if (!convolution.ok()) return state.SkipWithError(convolution.status().ToString().c_str());
  std::vector<char> scratch(packer.scratch_bytes() + 64);
  ops::Program program(scratch.data());
  convolution->AppendTo(program, in.data(), out.data());
  const CoreClock clock;
  for (auto _ : state) {
    if (!program.RunAll().ok()) return state.SkipWithError("oneDNN failed");
    benchmark::ClobberMemory();
  }
  ReportMacs(state, shape, clock);
}

const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    for (const KernelTable* table : SupportedTables()) {
      const std::string name = std::string("BM_Depthwise/") + IsaName(table->isa) + shape.Name();
      benchmark::RegisterBenchmark(name.c_str(), BM_Depthwise, *table, shape);
    }
    if (shape.stride == 1 && !shape.cascade && shape.band == 0) {
      benchmark::RegisterBenchmark(("BM_DepthwiseOneDnn" + shape.Name()).c_str(), BM_DepthwiseOneDnn, shape);
    }
  }
  return true;
}();

}  // namespace
}  // namespace edgenext::kernels
