#ifndef TESTS_TESTING_REFERENCE_LAYERS_H_
#define TESTS_TESTING_REFERENCE_LAYERS_H_

#include <cstddef>
#include <vector>

#include "model/edgenext/weights.h"

// The layers of EdgeNeXt in float64, as plain loops over the weights of the checkpoint: nothing folded,
// packed or reordered.
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

// `count` channels from `first` on.
Map Channels(const Map& in, int first, int count);
// A convolution with any stride, zero padding and groups: output channel o sees the input channels of its
// group.
Map Convolve(const Map& in, const ConvolutionWeights& weights, int stride, int padding, int groups);
Map Linear(const Map& in, const LinearWeights& weights);
// Over the channels of every pixel.
Map Norm(const Map& in, const NormWeights& weights);
// fc2(activation(fc1(norm(in))))
Map Mlp(const Map& in, const NormWeights& norm, const LinearWeights& fc1, const LinearWeights& fc2,
        bool hardswish);
// proj(XCA(qkv(in)))
Map Attention(const Map& in, const SdtaEncoderWeights& weights, int heads);
// a + gamma * b
Map AddScaled(Map a, const Map& b, const Tensor& gamma);

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_REFERENCE_LAYERS_H_
