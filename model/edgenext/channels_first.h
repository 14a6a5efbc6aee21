#ifndef MODEL_EDGENEXT_CHANNELS_FIRST_H_
#define MODEL_EDGENEXT_CHANNELS_FIRST_H_

#include <cstddef>

#include "model/tensor/tensor.h"

namespace edgenext {

// A feature map of pixels `stride` floats apart, as activation traces hold it: [channels, height, width].
Tensor ChannelsFirst(const float* map, size_t stride, int channels, int height, int width);

}  // namespace edgenext

#endif  // MODEL_EDGENEXT_CHANNELS_FIRST_H_
