#include "model/ops/layer_norm.h"

#include <cmath>
#include <numeric>

namespace edgenext::ops {
namespace {

// Partial sums side by side, which the compiler keeps in vector registers: one sum would be a chain of
// additions.
constexpr int kLanes = 16;

template <typename Term>
float SumOver(int count, Term term) {
  float lanes[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (int lane = 0; i < count; ++i, ++lane) lanes[lane] += term(i);
  return std::accumulate(lanes, lanes + kLanes, 0.0f);
}

}  // namespace

void LayerNorm(const LayerNormArguments& arguments) {
  const int channels = arguments.channels;
  const auto count = static_cast<float>(channels);
  const float* source = arguments.source;
  float* destination = arguments.destination;
  for (int row = 0; row < arguments.rows; ++row, source += channels, destination += channels) {
    const float mean = SumOver(channels, [&](int c) { return source[c]; }) / count;
    const float variance =
        SumOver(channels, [&](int c) { return (source[c] - mean) * (source[c] - mean); }) / count;
    const float scale = 1.0f / std::sqrt(variance + arguments.epsilon);
    for (int c = 0; c < channels; ++c) {
      destination[c] = (source[c] - mean) * scale * arguments.weight[c] + arguments.bias[c];
    }
  }
}

}  // namespace edgenext::ops
