#ifndef MODEL_EDGENEXT_POSITIONAL_CODE_H_
#define MODEL_EDGENEXT_POSITIONAL_CODE_H_

#include "model/edgenext/weights.h"
#include "model/tensor/tensor.h"

namespace edgenext {

// The Fourier code that is added to the tokens of a feature map of height x width, as [height * width,
// channels]. It depends on the size alone, so it is computed when a network is packed. For a token in row y
// and column x, both counted from 1, and i in [0, 16):
//   code[2 i], code[2 i + 1]           = sin, cos of (y / (height + 1e-6) * 2 pi / 10000^(2 i / 32))
//   code[32 + 2 i], code[32 + 2 i + 1] = the same of x and width
// and then `projection`, a 1x1 convolution from 64 channels. Maaz et al., "EdgeNeXt", section 3.2; Ali et
// al., "XCiT", has the same.
Tensor PositionalCode(int height, int width, const ConvolutionWeights& projection);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_POSITIONAL_CODE_H_
