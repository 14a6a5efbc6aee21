#ifndef TESTS_TESTING_REFERENCE_NETWORK_H_
#define TESTS_TESTING_REFERENCE_NETWORK_H_

#include <vector>

#include "model/edgenext/weights.h"
#include "tests/testing/reference_layers.h"

// EdgeNeXt once more, in float64, as the paper has it: plain loops, layer by layer, and nothing shared with
// model/ but the weights. Slow: for small images.
namespace edgenext::testing {

struct ReferenceResult {
  std::vector<Map> stages;
  std::vector<double> features;  // what the head's linear layer reads
  std::vector<double> logits;
};

// `normalised` is [3, height, width].
ReferenceResult RunReference(const EdgeNextWeights& weights, const float* normalised, int height, int width);

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_REFERENCE_NETWORK_H_
