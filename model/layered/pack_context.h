#ifndef MODEL_LAYERED_PACK_CONTEXT_H_
#define MODEL_LAYERED_PACK_CONTEXT_H_

#include "model/edgenext/config.h"
#include "model/kernels/kernels.h"
#include "model/layered/buffers.h"
#include "model/ops/packer.h"

namespace edgenext::layered {

// What blocks share while a network is packed.
struct PackContext {
  const EdgeNextConfig& config;
  const kernels::KernelTable& kernels;
  ops::Packer packer;
  BufferSizes sizes;
};

// A feature map.
struct MapSize {
  int height = 0;
  int width = 0;
  int channels = 0;

  int tokens() const { return height * width; }
  size_t floats() const { return static_cast<size_t>(tokens()) * static_cast<size_t>(channels); }
};

}  // namespace edgenext::layered

#endif  // MODEL_LAYERED_PACK_CONTEXT_H_
