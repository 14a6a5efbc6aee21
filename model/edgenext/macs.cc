#include "model/edgenext/macs.h"

namespace edgenext {
namespace {

int64_t Square(int64_t x) { return x * x; }

// Per token.
int64_t MlpMacs(int64_t channels) { return 2 * kExpansion * Square(channels); }
int64_t ConvEncoderMacs(int64_t channels, int kernel) {
  return channels * Square(kernel) + MlpMacs(channels);
}
int64_t SdtaEncoderMacs(const EdgeNextConfig& config, int stage) {
  const auto s = static_cast<size_t>(stage);
  const int64_t channels = config.dims[s];
  const int64_t head_dim = channels / config.heads[s];
  const int64_t cascade = int64_t{config.scales[s] - 1} * config.ChunkWidth(stage) * Square(3);
  const int64_t qkv_and_proj = 4 * Square(channels);
  const int64_t attention = 2 * channels * head_dim;
  return cascade + qkv_and_proj + attention + MlpMacs(channels);
}

}  // namespace

int64_t NominalMacs(const EdgeNextConfig& config, int height, int width) {
  int64_t tokens = int64_t{height / 4} * (width / 4);
  int64_t macs = tokens * config.dims[0] * 3 * Square(config.downsample_in_block ? 9 : 4);
  for (int stage = 0; stage < kStages; ++stage) {
    const auto s = static_cast<size_t>(stage);
    const int64_t channels = config.dims[s];
    if (stage > 0) {
      tokens /= 4;
      if (!config.downsample_in_block) macs += tokens * channels * config.dims[s - 1] * 4;
    }
    const int sdta_blocks = stage > 0 ? 1 : 0;
    macs += tokens * (config.depths[s] - sdta_blocks) * ConvEncoderMacs(channels, kDepthwiseKernel[s]);
    if (stage > 0) macs += tokens * SdtaEncoderMacs(config, stage);
  }
  return macs + int64_t{config.dims[kStages - 1]} * config.classes;
}

}  // namespace edgenext
