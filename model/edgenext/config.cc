#include "model/edgenext/config.h"

#include "absl/strings/str_join.h"

namespace edgenext {
namespace {

EdgeNextConfig MakeConfig(const char* variant, std::array<int, kStages> dims, std::array<int, kStages> depths,
                          int heads) {
  EdgeNextConfig config;
  config.variant = variant;
  config.dims = dims;
  config.depths = depths;
  config.heads = {0, heads, heads, heads};
  config.scales = {0, 2, 3, 4};
  return config;
}

EdgeNextConfig BatchNormHardswish(EdgeNextConfig config) {
  config.variant += "_bn_hs";
  config.batch_norm_hardswish = true;
  return config;
}

std::vector<EdgeNextConfig> MakeAllConfigs() {
  const EdgeNextConfig xx_small = MakeConfig("edgenext_xx_small", {24, 48, 88, 168}, {2, 2, 6, 2}, 4);
  const EdgeNextConfig x_small = MakeConfig("edgenext_x_small", {32, 64, 100, 192}, {3, 3, 9, 3}, 4);
  const EdgeNextConfig small = MakeConfig("edgenext_small", {48, 96, 160, 304}, {3, 3, 9, 3}, 8);
  const EdgeNextConfig base = MakeConfig("edgenext_base", {80, 160, 288, 584}, {3, 3, 9, 3}, 8);
  EdgeNextConfig small_rw = MakeConfig("edgenext_small_rw", {48, 96, 192, 384}, {3, 3, 9, 3}, 8);
  small_rw.downsample_in_block = true;
  return {xx_small,
          x_small,
          small,
          base,
          BatchNormHardswish(xx_small),
          BatchNormHardswish(x_small),
          BatchNormHardswish(small),
          small_rw};
}

}  // namespace

absl::Span<const EdgeNextConfig> AllConfigs() {
  static const auto* configs = new std::vector<EdgeNextConfig>(MakeAllConfigs());
  return *configs;
}

std::string VariantWords() {
  return absl::StrJoin(AllConfigs(), ", ",
                       [](std::string* out, const EdgeNextConfig& config) { *out += config.variant; });
}

const EdgeNextConfig* FindConfig(absl::string_view variant) {
  for (const EdgeNextConfig& config : AllConfigs()) {
    if (config.variant == variant) return &config;
  }
  return nullptr;
}

}  // namespace edgenext
