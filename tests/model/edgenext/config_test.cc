#include "model/edgenext/config.h"

#include <set>
#include <string>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::UnorderedElementsAre;

TEST(ConfigTest, ListsEveryVariantOnce) {
  std::multiset<std::string> variants;
  for (const EdgeNextConfig& config : AllConfigs()) variants.insert(config.variant);
  EXPECT_THAT(variants,
              UnorderedElementsAre("edgenext_xx_small", "edgenext_x_small", "edgenext_small", "edgenext_base",
                                   "edgenext_xx_small_bn_hs", "edgenext_x_small_bn_hs",
                                   "edgenext_small_bn_hs", "edgenext_small_rw"));
}

TEST(ConfigTest, FindsByName) {
  for (const EdgeNextConfig& config : AllConfigs()) EXPECT_EQ(FindConfig(config.variant), &config);
  EXPECT_EQ(FindConfig("edgenext_medium"), nullptr);
  EXPECT_EQ(FindConfig(""), nullptr);
}

TEST(ConfigTest, ChunksCoverTheChannelsAndTheLastIsNotEmpty) {
  for (const EdgeNextConfig& config : AllConfigs()) {
    for (int stage = 1; stage < kStages; ++stage) {
      const int channels = config.dims[static_cast<size_t>(stage)];
      const int chunks = config.scales[static_cast<size_t>(stage)];
      EXPECT_GE(chunks * config.ChunkWidth(stage), channels) << config.variant << " stage " << stage;
      EXPECT_LT((chunks - 1) * config.ChunkWidth(stage), channels) << config.variant << " stage " << stage;
    }
  }
}

TEST(ConfigTest, HeadsDivideTheChannels) {
  for (const EdgeNextConfig& config : AllConfigs()) {
    for (size_t stage = 1; stage < kStages; ++stage) {
      EXPECT_EQ(config.dims[stage] % config.heads[stage], 0) << config.variant << " stage " << stage;
    }
  }
}

}  // namespace
}  // namespace edgenext
