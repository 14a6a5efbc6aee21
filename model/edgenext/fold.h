#ifndef MODEL_EDGENEXT_FOLD_H_
#define MODEL_EDGENEXT_FOLD_H_

#include <vector>

#include "model/edgenext/weights.h"
#include "model/tensor/tensor.h"

namespace edgenext {

// y[c] = x[c] * scale[c] + shift[c], one pair a channel.
struct ChannelAffine {
  std::vector<float> scale;
  std::vector<float> shift;
};

// What a BatchNorm does at inference: scale = weight / sqrt(running_var + 1e-5), shift = bias - running_mean
// * scale. Ioffe and Szegedy, "Batch Normalization", algorithm 2.
ChannelAffine BatchNormAffine(const NormWeights& norm);

// The affine part of a norm: a BatchNorm is nothing else; a LayerNorm's comes after its normalisation.
ChannelAffine NormAffine(const NormWeights& norm);

// Multiplies by `scale`, the layer scale of Touvron et al., "Going deeper with Image Transformers", and adds
// nothing.
ChannelAffine LayerScaleAffine(const Tensor& scale);

// Both fold an affine map into a linear or convolution layer, in double precision. `weight` is
// [outputs, inputs, …]; `bias` is [outputs], and is made if it was empty and is needed.

// The layer then computes affine(layer(x)).
void FoldIntoOutputs(const ChannelAffine& affine, Tensor* weight, Tensor* bias);

// The layer then computes layer(affine(x)). Exact for convolutions without padding only.
void FoldIntoInputs(const ChannelAffine& affine, Tensor* weight, Tensor* bias);

// Convolution weights [outputs, channels, height, width] → [outputs, height * width * channels]: in the order
// of patches that are gathered pixel by pixel.
Tensor ChannelsInnermost(const Tensor& weight);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_FOLD_H_
