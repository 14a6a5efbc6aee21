#ifndef TESTS_TESTING_REFERENCE_NETWORK_H_
#define TESTS_TESTING_REFERENCE_NETWORK_H_

#include <array>
#include <vector>

#include "model/edgenext/weights.h"

// EdgeNeXt once more, in float64, as the paper has it: plain loops, layer by layer, nothing folded, packed or
// reordered, and nothing shared with model/ but the weights. Slow: for small images.
namespace edgenext::testing {

// A feature map, [channels, height, width].
struct Map {
  Map(int channels_in, int height_in, int width_in);

  double& at(int c, int y, int x) { return values[Index(c, y, x)]; }
  double at(int c, int y, int x) const { return values[Index(c, y, x)]; }
  size_t Index(int c, int y, int x) const {
    return (static_cast<size_t>(c) * static_cast<size_t>(height) + static_cast<size_t>(y)) *
               static_cast<size_t>(width) +
           static_cast<size_t>(x);
  }

  int channels, height, width;
  std::vector<double> values;
};

struct ReferenceResult {
  std::vector<Map> stages;
  std::vector<double> features;  // what the head's linear layer reads
  std::vector<double> logits;
};

// `normalised` is [3, height, width].
ReferenceResult RunReference(const EdgeNextWeights& weights, const float* normalised, int height, int width);

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_REFERENCE_NETWORK_H_
