#include "tests/model/fused/fused_harness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include "gtest/gtest.h"

namespace edgenext::testing {

std::vector<FusedKernels> FusedKernelsIn(kernels::Precision precision) {
  std::vector<FusedKernels> all;
  for (const kernels::Isa isa : kernels::kAllIsas) {
    const kernels::KernelTable* table = kernels::FindKernelTable(isa);
    if (table == nullptr) continue;
    const kernels::LinearKernels* linear =
        precision == kernels::Precision::kBf16 ? kernels::FindBf16Kernels(isa) : table->linear;
    if (linear != nullptr) all.push_back({kernels::IsaName(isa), table, linear});
  }
  return all;
}

FusedHarness::FusedHarness(const EdgeNextConfig& config, const FusedKernels& kernels)
    : context_{config, *kernels.table, *kernels.linear, std::make_shared<PackedMemory>(), {}} {}

fused::Buffers& FusedHarness::Allocate(const fused::MapLayout& in, const fused::MapLayout& out) {
  fused::BufferSizes& sizes = context_.sizes;
  fused::BufferSizes::Raise(&sizes.map_floats, in.floats());
  fused::BufferSizes::Raise(&sizes.map_floats, out.floats());
  arena_ = Arena(sizes.ArenaBytes(/*threads=*/1));
  buffers_.emplace(sizes, /*threads=*/1, arena_);
  // The buffers follow each other, and this is the first.
  std::fill_n(buffers_->maps[0], arena_.used_bytes() / sizeof(float),
              std::numeric_limits<float>::quiet_NaN());
  buffers_->input = &input_;
  return *buffers_;
}

void FusedHarness::Write(const Map& values, const fused::MapLayout& layout, float* map) {
  std::fill_n(map, layout.floats(), 0.0f);
  for (int y = 0; y < values.height; ++y) {
    for (int x = 0; x < values.width; ++x, map += layout.stride()) {
      for (int c = 0; c < values.channels; ++c) map[c] = static_cast<float>(values.at(c, y, x));
    }
  }
}

Map FusedHarness::Read(const float* map, const fused::MapLayout& layout) {
  Map values(layout.channels, layout.height, layout.width);
  for (int y = 0; y < values.height; ++y) {
    for (int x = 0; x < values.width; ++x, map += layout.stride()) {
      for (int c = 0; c < values.channels; ++c) values.at(c, y, x) = double{map[c]};
      for (int c = values.channels; c < layout.stride(); ++c) {
        EXPECT_EQ(map[c], 0.0f) << "padding " << c << " of row " << y << ", column " << x;
      }
    }
  }
  return values;
}

Map RandomMap(int channels, int height, int width, uint32_t seed) {
  Map map(channels, height, width);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (double& value : map.values) value = double{normal(random)};
  return map;
}

Difference Compare(const Map& a, const Map& b, const Map& scale) {
  EXPECT_EQ(a.values.size(), b.values.size());
  double squares = 0.0, largest = 0.0, scale_squares = 0.0;
  for (size_t i = 0; i < a.values.size(); ++i) {
    const double difference = std::abs(a.values[i] - b.values[i]);
    squares += difference * difference;
    largest = std::isnan(difference) ? difference : std::max(largest, difference);
  }
  for (const double value : scale.values) scale_squares += value * value;
  const double unit = std::sqrt(scale_squares / static_cast<double>(scale.values.size()));
  return {std::sqrt(squares / static_cast<double>(a.values.size())) / unit, largest / unit};
}

Map Subtract(Map a, const Map& b) {
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] -= b.values[i];
  return a;
}

}  // namespace edgenext::testing
