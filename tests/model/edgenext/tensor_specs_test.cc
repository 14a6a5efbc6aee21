#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "model/edgenext/parameters.h"
#include "model/edgenext/weights.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

// tests/data/manifests holds, for each variant, the tensors of the authors' and timm's own code.
class TensorSpecsTest : public ::testing::TestWithParam<EdgeNextConfig> {
 protected:
  nlohmann::json Manifest() const {
    std::ifstream file(std::string(EDGENEXT_TEST_DATA) + "/manifests/" + GetParam().variant + ".json");
    return nlohmann::json::parse(file);
  }
};

TEST_P(TensorSpecsTest, EqualTheManifest) {
  const nlohmann::json tensors = Manifest()["tensors"];
  const std::vector<TensorSpec> specs = TensorSpecs(GetParam());
  ASSERT_EQ(specs.size(), tensors.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(specs[i].official_name, tensors[i]["official"]) << "tensor " << i;
    EXPECT_EQ(specs[i].timm_name, tensors[i]["timm"].is_null() ? "" : tensors[i]["timm"]) << "tensor " << i;
    EXPECT_EQ(specs[i].shape, tensors[i]["shape"].get<Shape>()) << specs[i].official_name;
  }
}

TEST_P(TensorSpecsTest, HoldAsManyParametersAsPublished) {
  int64_t trained = 0;
  for (const TensorSpec& spec : TensorSpecs(GetParam())) {
    const bool is_statistic = spec.official_name.find(".running_") != std::string::npos;
    if (!is_statistic) trained += ElementCount(spec.shape);
  }
  EXPECT_EQ(trained, Manifest()["parameters"].get<int64_t>());
}

TEST_P(TensorSpecsTest, ClassCountChangesTheHeadAlone) {
  EdgeNextConfig config = GetParam();
  const std::vector<TensorSpec> thousand = TensorSpecs(config);
  config.classes = 7;
  std::vector<TensorSpec> seven = TensorSpecs(config);
  ASSERT_EQ(seven.size(), thousand.size());
  const size_t head = seven.size() - 2;
  EXPECT_EQ(seven[head].shape, Shape({7, config.dims[3]}));
  EXPECT_EQ(seven[head + 1].shape, Shape({7}));
  for (size_t i = 0; i < head; ++i) EXPECT_EQ(seven[i].shape, thousand[i].shape);
}

TEST_P(TensorSpecsTest, ParametersPointIntoTheWeights) {
  EdgeNextWeights weights;
  weights.config = GetParam();
  const std::vector<Parameter> parameters = MakeParameters(weights.config, weights);
  EXPECT_EQ(weights.config.variant, GetParam().variant);
  EXPECT_EQ(parameters.front().tensor, &weights.stem.weight);
  EXPECT_EQ(parameters.back().tensor, &weights.head.bias);
  for (int stage = 0; stage < kStages; ++stage) {
    const StageWeights& form = weights.stages[static_cast<size_t>(stage)];
    const auto depth = static_cast<size_t>(GetParam().depths[static_cast<size_t>(stage)]);
    EXPECT_EQ(form.conv_encoders.size() + (form.sdta ? 1 : 0), depth);
    EXPECT_EQ(form.sdta.has_value(), stage > 0);
    EXPECT_EQ(form.downsample.has_value(), stage > 0 && !GetParam().downsample_in_block);
    if (form.sdta) {
      EXPECT_EQ(form.sdta->positional_projection.has_value(), stage == 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, TensorSpecsTest, ::testing::ValuesIn(AllConfigs()),
                         [](const auto& test) { return test.param.variant; });

}  // namespace
}  // namespace edgenext
