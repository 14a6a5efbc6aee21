#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "model/edgenext/parameters.h"
#include "model/edgenext/weights.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A checkpoint whose tensors can be damaged one by one.
class EditableCheckpoint final : public Checkpoint {
 public:
  explicit EditableCheckpoint(const Checkpoint& original) : tensors_(original.tensors()) {
    for (const auto& [name, info] : tensors_) values_[name] = original.Read(name).value();
  }

  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  absl::StatusOr<Tensor> Read(absl::string_view name) const override {
    if (std::string(name) == unreadable_) return absl::DataLossError(absl::StrCat("cannot read ", name));
    return values_.at(std::string(name));
  }

  // A tensor that is listed with this form; its values must not be read.
  void Declare(const std::string& name, Shape shape, DataType type = DataType::kF32) {
    tensors_[name] = {type, std::move(shape)};
    values_.erase(name);
  }
  void Remove(const std::string& name) {
    ASSERT_EQ(tensors_.erase(name), 1u) << name;
    values_.erase(name);
  }
  float& At(const std::string& name, size_t i) { return values_.at(name).values.at(i); }
  void MakeUnreadable(const std::string& name) { unreadable_ = name; }

 private:
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, Tensor> values_;
  std::string unreadable_;
};

EditableCheckpoint Synthetic(const char* variant, Naming naming = Naming::kOfficial, int classes = 1000) {
  EdgeNextConfig config = *FindConfig(variant);
  config.classes = classes;
  return EditableCheckpoint(*MakeSyntheticCheckpoint(config, naming, 1));
}

std::vector<std::string> Lines(const absl::Status& status) {
  return absl::StrSplit(std::string(status.message()), '\n');
}

struct RoundTrip {
  std::string variant;
  Naming naming;
  int classes;
};

std::vector<RoundTrip> AllRoundTrips() {
  std::vector<RoundTrip> all;
  for (const EdgeNextConfig& config : AllConfigs()) {
    if (!config.downsample_in_block) all.push_back({config.variant, Naming::kOfficial, 1000});
    if (!config.batch_norm_hardswish) all.push_back({config.variant, Naming::kTimm, 1000});
  }
  for (const int classes : {1, 2, 10, 21841}) {
    all.push_back({"edgenext_xx_small", Naming::kOfficial, classes});
    all.push_back({"edgenext_xx_small", Naming::kTimm, classes});
    all.push_back({"edgenext_xx_small_bn_hs", Naming::kOfficial, classes});
  }
  return all;
}

class LoadEveryVariantTest : public ::testing::TestWithParam<RoundTrip> {};

TEST_P(LoadEveryVariantTest, FindsVariantNamingAndClassesAndPlacesEveryTensor) {
  EdgeNextConfig config = *FindConfig(GetParam().variant);
  config.classes = GetParam().classes;
  const auto checkpoint = MakeSyntheticCheckpoint(config, GetParam().naming, 7);
  ASSERT_OK_AND_ASSIGN(LoadedWeights loaded, LoadWeights(*checkpoint));
  EXPECT_EQ(loaded.weights.config.variant, GetParam().variant);
  EXPECT_EQ(loaded.naming, GetParam().naming);
  EXPECT_EQ(loaded.weights.config.classes, GetParam().classes);

  EdgeNextWeights form;
  for (const Parameter& parameter : MakeParameters(config, form)) {
    const bool official = GetParam().naming == Naming::kOfficial;
    ASSERT_OK_AND_ASSIGN(*parameter.tensor, checkpoint->Read(official ? parameter.spec.official_name
                                                                      : parameter.spec.timm_name));
  }
  EXPECT_EQ(loaded.weights.stem.weight.values, form.stem.weight.values);
  EXPECT_EQ(loaded.weights.stem_norm.running_var.values, form.stem_norm.running_var.values);
  EXPECT_EQ(loaded.weights.head.weight.values, form.head.weight.values);
  EXPECT_EQ(loaded.weights.head.bias.shape, Shape({GetParam().classes}));
  for (size_t stage = 0; stage < kStages; ++stage) {
    const StageWeights& actual = loaded.weights.stages[stage];
    const StageWeights& expected = form.stages[stage];
    ASSERT_EQ(actual.conv_encoders.size(), expected.conv_encoders.size());
    for (size_t i = 0; i < expected.conv_encoders.size(); ++i) {
      EXPECT_EQ(actual.conv_encoders[i].depthwise.weight.values,
                expected.conv_encoders[i].depthwise.weight.values);
      EXPECT_EQ(actual.conv_encoders[i].depthwise.bias.values,
                expected.conv_encoders[i].depthwise.bias.values);
      EXPECT_EQ(actual.conv_encoders[i].gamma.values, expected.conv_encoders[i].gamma.values);
    }
    if (stage == 0) continue;
    EXPECT_EQ(actual.sdta->temperature.values, expected.sdta->temperature.values);
    EXPECT_EQ(actual.sdta->gamma_xca.values, expected.sdta->gamma_xca.values);
    EXPECT_EQ(actual.sdta->fc2.bias.values, expected.sdta->fc2.bias.values);
    EXPECT_EQ(actual.sdta->norm.is_batch_norm(), config.batch_norm_hardswish);
  }
}

INSTANTIATE_TEST_SUITE_P(All, LoadEveryVariantTest, ::testing::ValuesIn(AllRoundTrips()),
                         [](const auto& test) {
                           return absl::StrCat(test.param.variant, "_", NamingText(test.param.naming), "_",
                                               test.param.classes);
                         });

TEST(LoadWeightsTest, PlacesTensorsByMeaning) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_small", Naming::kTimm);
  checkpoint.At("stages.1.downsample.0.bias", 3) = 101;
  checkpoint.At("stages.1.downsample.1.weight", 3) = 102;
  checkpoint.At("stages.2.blocks.7.mlp.fc2.weight", 3) = 103;
  checkpoint.At("stages.2.blocks.8.convs.1.weight", 3) = 104;
  checkpoint.At("stages.1.blocks.2.pos_embd.token_projection.weight", 3) = 105;
  checkpoint.At("stages.3.blocks.2.norm_xca.weight", 3) = 106;
  checkpoint.At("stages.3.blocks.2.gamma", 3) = 107;
  checkpoint.At("head.norm.bias", 3) = 108;
  ASSERT_OK_AND_ASSIGN(const LoadedWeights loaded, LoadWeights(checkpoint));
  const EdgeNextWeights& weights = loaded.weights;
  EXPECT_EQ(weights.stages[1].downsample->norm.bias.values[3], 101);
  EXPECT_EQ(weights.stages[1].downsample->convolution.weight.values[3], 102);
  EXPECT_EQ(weights.stages[2].conv_encoders[7].fc2.weight.values[3], 103);
  EXPECT_EQ(weights.stages[2].sdta->cascade[1].weight.values[3], 104);
  EXPECT_EQ(weights.stages[1].sdta->positional_projection->weight.values[3], 105);
  EXPECT_EQ(weights.stages[3].sdta->norm_xca.weight.values[3], 106);
  EXPECT_EQ(weights.stages[3].sdta->gamma.values[3], 107);
  EXPECT_EQ(weights.head_norm.bias.values[3], 108);
}

TEST(LoadWeightsTest, NamesEveryFaultAtOnce) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_xx_small", Naming::kOfficial, 17);
  checkpoint.Remove("norm.bias");
  checkpoint.Remove("stages.0.1.gamma");
  checkpoint.Declare("stages.2.5.xca.qkv.weight", {240, 80});
  checkpoint.Declare("stages.0.0.dwconv.bias", {24}, DataType::kInteger);
  checkpoint.Declare("optimizer.step", {});
  checkpoint.At("stages.3.1.xca.proj.weight", 5) = std::numeric_limits<float>::quiet_NaN();
  checkpoint.At("stages.3.1.xca.proj.weight", 6) = -std::numeric_limits<float>::infinity();
  const absl::Status status = LoadWeights(checkpoint).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      Lines(status),
      ElementsAre(
          "the checkpoint is closest to edgenext_xx_small with official names and 17 classes, but has 6 "
          "faults:",
          "  tensor 'stages.0.0.dwconv.bias' holds integers, expected floating point numbers",
          "  tensor 'stages.0.1.gamma' is missing, expected [24]",
          "  tensor 'stages.2.5.xca.qkv.weight' is [240, 80], expected [264, 88]",
          "  tensor 'norm.bias' is missing, expected [168]",  //
          "  tensor 'optimizer.step' [] is unexpected",
          "  tensor 'stages.3.1.xca.proj.weight' has 2 values that are not finite, the first at index 5"));
}

TEST(LoadWeightsTest, IgnoresCountersOfAnyIntegerTypeOnly) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_xx_small_bn_hs");
  checkpoint.Declare("stages.0.0.norm.num_batches_tracked", {}, DataType::kInteger);
  checkpoint.Declare("norm.num_batches_tracked", {}, DataType::kInteger);
  EXPECT_TRUE(LoadWeights(checkpoint).ok());
  checkpoint.Declare("norm.num_batches_tracked", {}, DataType::kF32);
  checkpoint.Declare("norm.other_counter", {}, DataType::kInteger);
  EXPECT_THAT(
      LoadWeights(checkpoint),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("has 2 faults"), HasSubstr("'norm.num_batches_tracked' [] is unexpected"),
                     HasSubstr("'norm.other_counter' [] is unexpected"))));
}

TEST(LoadWeightsTest, VariancesAreNotNegative) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_x_small_bn_hs");
  checkpoint.At("norm.running_mean", 2) = -1.0f;
  checkpoint.At("norm.running_var", 2) = 0.0f;
  EXPECT_TRUE(LoadWeights(checkpoint).ok());
  checkpoint.At("norm.running_var", 2) = -0.25f;
  EXPECT_THAT(
      LoadWeights(checkpoint),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr(
                   "'norm.running_var' has 1 values that are negative or not finite, the first at index 2")));
}

TEST(LoadWeightsTest, DamagedFilesAreComparedWithTheClosestVariant) {
  for (const EdgeNextConfig& config : AllConfigs()) {
    const Naming naming = config.downsample_in_block ? Naming::kTimm : Naming::kOfficial;
    EditableCheckpoint checkpoint(*MakeSyntheticCheckpoint(config, naming, 1));
    // A whole stage lost, and a head of other width.
    std::vector<std::string> lost;
    for (const auto& [name, info] : checkpoint.tensors()) {
      if (absl::StartsWith(name, "stages.3.")) lost.push_back(name);
    }
    for (const std::string& name : lost) checkpoint.Remove(name);
    EXPECT_THAT(LoadWeights(checkpoint),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         StartsWith(absl::StrCat("the checkpoint is closest to ", config.variant, " with ",
                                                 NamingText(naming), " names and 1000 classes, but has ",
                                                 lost.size(), " faults"))))
        << config.variant;
  }
}

TEST(LoadWeightsTest, ClassCountSurvivesALostHeadWeight) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_x_small", Naming::kTimm, 37);
  checkpoint.Remove("head.fc.weight");
  EXPECT_THAT(
      LoadWeights(checkpoint),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          HasSubstr(
              "37 classes, but has 1 fault:\n  tensor 'head.fc.weight' is missing, expected [37, 192]")));
}

TEST(LoadWeightsTest, HeadThatDisagreesWithItsBias) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_xx_small", Naming::kOfficial, 10);
  checkpoint.Declare("head.bias", {11});
  EXPECT_THAT(LoadWeights(checkpoint), StatusIs(absl::StatusCode::kInvalidArgument,
                                                HasSubstr("tensor 'head.bias' is [11], expected [10]")));
}

TEST(LoadWeightsTest, ImpossibleClassCountsAreFaults) {
  for (const Shape& shape : {Shape{0, 168}, Shape{int64_t{1} << 40, 168}, Shape{168}, Shape{}}) {
    EditableCheckpoint checkpoint = Synthetic("edgenext_xx_small", Naming::kOfficial, 10);
    checkpoint.Declare("head.weight", shape);
    checkpoint.Remove("head.bias");
    EXPECT_THAT(LoadWeights(checkpoint),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("tensor 'head.weight' is ", ShapeText(shape)))));
  }
}

TEST(LoadWeightsTest, ForeignAndEmptyCheckpoints) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_xx_small");
  for (const TensorSpec& spec : TensorSpecs(*FindConfig("edgenext_xx_small")))
    checkpoint.Remove(spec.official_name);
  EXPECT_THAT(LoadWeights(checkpoint), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is missing")));
  checkpoint.Declare("layer1.0.conv1.weight", {64, 64, 3, 3});
  EXPECT_THAT(LoadWeights(checkpoint),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'layer1.0.conv1.weight' [64, 64, 3, 3] is unexpected")));
}

TEST(LoadWeightsTest, ErrorsOfReadingAreReturned) {
  EditableCheckpoint checkpoint = Synthetic("edgenext_xx_small");
  checkpoint.MakeUnreadable("stages.1.1.norm.weight");
  EXPECT_THAT(LoadWeights(checkpoint),
              StatusIs(absl::StatusCode::kDataLoss, "cannot read stages.1.1.norm.weight"));
}

}  // namespace
}  // namespace edgenext
