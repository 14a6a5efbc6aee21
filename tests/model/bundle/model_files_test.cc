#include "model/bundle/model_files.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "model/base/file_reader.h"
#include "model/bundle/sha256.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "tests/testing/safetensors_writer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::RawTensors;
using ::edgenext::testing::SafetensorsFile;
using ::edgenext::testing::StatusIs;
using ::edgenext::testing::TempDir;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string WeightsFile(const std::string& variant, Naming naming, int classes) {
  EdgeNextConfig config = *FindConfig(variant);
  config.classes = classes;
  return SafetensorsFile(RawTensors(*MakeSyntheticCheckpoint(config, naming, 1)));
}

constexpr char kManifest[] = R"({"name": "pets", "version": "3", "variant": "edgenext_xx_small",
  "weights": "weights.safetensors", "labels": "names.txt", "input_size": [64, 96], "crop_pct": 0.5,
  "interpolation": "bicubic", "mean": [0, 0, 0], "std": [1, 1, 1], "precision": "f32", "sha256": "SHA256"})";

// A folder that is right in everything.
class ModelFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string weights =
        folder_.Write("weights.safetensors", WeightsFile("edgenext_xx_small", Naming::kOfficial, 2));
    sha256_ = Sha256(FileReader::Open(weights).value()).value();
    folder_.Write("names.txt", "cat\ndog\n");
    WriteManifest({});
  }

  // The manifest, changed in places.
  void WriteManifest(const std::vector<std::pair<std::string, std::string>>& changes) {
    std::string text = absl::StrReplaceAll(kManifest, {{"SHA256", sha256_}});
    for (const auto& [from, to] : changes) text = absl::StrReplaceAll(text, {{from, to}});
    folder_.Write("model.json", text);
  }

  absl::StatusOr<ModelFiles> Read(const ModelOverrides& overrides = {}) const {
    return ReadModelFiles(folder_.path(), overrides);
  }

  TempDir folder_;
  std::string sha256_;
};

TEST_F(ModelFolderTest, SaysEverything) {
  ASSERT_OK_AND_ASSIGN(const ModelFiles files, Read());
  EXPECT_EQ(files.name, "pets");
  EXPECT_EQ(files.version, "3");
  EXPECT_THAT(files.labels, ElementsAre("cat", "dog"));
  EXPECT_EQ(files.preprocess.height, 64);
  EXPECT_EQ(files.preprocess.width, 96);
  EXPECT_EQ(files.preprocess.crop_pct, 0.5);
  EXPECT_THAT(files.preprocess.mean, ElementsAre(0, 0, 0));
  EXPECT_EQ(files.precision, "f32");
  EXPECT_EQ(files.weights.weights.config.variant, "edgenext_xx_small");
  EXPECT_EQ(files.weights.weights.config.classes, 2);
  EXPECT_EQ(files.weights_dtype, "F32");
  EXPECT_EQ(files.weights_file_bytes, std::filesystem::file_size(folder_.File("weights.safetensors")));
  EXPECT_THAT(files.assumptions, IsEmpty());
}

TEST_F(ModelFolderTest, OverridesWin) {
  ModelOverrides overrides;
  overrides.name = "animals";
  overrides.input_size = InputSize{128, 256};
  overrides.crop_pct = 1.0;
  overrides.labels = folder_.Write("other.txt", "Katze\nHund\n");
  ASSERT_OK_AND_ASSIGN(const ModelFiles files, Read(overrides));
  EXPECT_EQ(files.name, "animals");
  EXPECT_EQ(files.preprocess.height, 128);
  EXPECT_EQ(files.preprocess.width, 256);
  EXPECT_EQ(files.preprocess.crop_pct, 1.0);
  EXPECT_THAT(files.labels, ElementsAre("Katze", "Hund"));
}

TEST_F(ModelFolderTest, OverridesAreCheckedTogetherAndFirst) {
  ModelOverrides overrides;
  overrides.name = "my pets";
  overrides.input_size = InputSize{100, 256};
  overrides.crop_pct = 0.0;
  EXPECT_THAT(ReadModelFiles("/none", overrides),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("name 'my pets'"), HasSubstr("input size 100 x 256"),
                             HasSubstr("crop_pct 0"))));
}

TEST_F(ModelFolderTest, DigestMustAgree) {
  WriteManifest({{sha256_, std::string(64, '0')}});
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kDataLoss,
                               AllOf(HasSubstr("weights.safetensors"), HasSubstr(sha256_),
                                     HasSubstr(std::string(64, '0')))));
}

TEST_F(ModelFolderTest, VariantMustAgree) {
  WriteManifest({{"edgenext_xx_small", "edgenext_x_small"}});
  EXPECT_THAT(
      Read(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("says variant 'edgenext_x_small', the weights are those of edgenext_xx_small")));
}

TEST_F(ModelFolderTest, LabelsMustBeOneAClass) {
  const std::string labels = folder_.Write("names.txt", "cat\n");
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               absl::StrCat("'", labels, "': it has 1 lines, the model 2 classes")));
}

TEST_F(ModelFolderTest, MissingFilesAreNamed) {
  WriteManifest({{"names.txt", "labels.txt"}});
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("labels.txt")));
  WriteManifest({{"weights.safetensors", "none.safetensors"}});
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.safetensors")));
}

TEST_F(ModelFolderTest, FaultsOfTheManifestNameIt) {
  WriteManifest({{"0.5", "0"}});
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr(folder_.File("model.json")), HasSubstr("crop_pct 0"))));
  folder_.Write("model.json", std::string(70'000, ' '));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("model.json")));
}

TEST_F(ModelFolderTest, FaultsOfTheWeightsNameTheFile) {
  WriteManifest({{", \"sha256\": \"" + sha256_ + "\"", ""}});
  folder_.Write("weights.safetensors", SafetensorsFile({}));
  EXPECT_THAT(Read(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(folder_.File("weights.safetensors")), HasSubstr("is missing"))));
}

TEST(BareWeightsTest, NameIsTheFilesAndTheRestIsAssumed) {
  const TempDir folder;
  const std::string path =
      folder.Write("edgenext_xx_small.in1k.safetensors", WeightsFile("edgenext_xx_small", Naming::kTimm, 3));
  for (const std::string& model : {path, folder.path()}) {
    ASSERT_OK_AND_ASSIGN(const ModelFiles files, ReadModelFiles(model, {}));
    EXPECT_EQ(files.name, "edgenext_xx_small.in1k");
    EXPECT_EQ(files.version, "1");
    EXPECT_EQ(files.preprocess.height, 256);
    EXPECT_EQ(files.preprocess.width, 256);
    EXPECT_EQ(files.precision, "auto");
    EXPECT_THAT(files.labels, ElementsAre("class 0", "class 1", "class 2"));
    EXPECT_THAT(files.assumptions,
                ElementsAre("name edgenext_xx_small.in1k: the file's", "version 1", "input size 256 x 256",
                            "crop_pct 0.9: edgenext_xx_small with timm names", "mean and std of ImageNet",
                            "labels 'class 0' to 'class 2'"));
  }
}

TEST(BareWeightsTest, OverridesAreNotAssumed) {
  const TempDir folder;
  const std::string path =
      folder.Write("w.safetensors", WeightsFile("edgenext_xx_small", Naming::kOfficial, 2));
  ModelOverrides overrides;
  overrides.name = "pets";
  overrides.input_size = InputSize{64, 64};
  overrides.crop_pct = 1.0;
  overrides.labels = folder.Write("labels", "cat\ndog");
  ASSERT_OK_AND_ASSIGN(const ModelFiles files, ReadModelFiles(path, overrides));
  EXPECT_EQ(files.name, "pets");
  EXPECT_EQ(files.preprocess.crop_pct, 1.0);
  EXPECT_THAT(files.assumptions, ElementsAre("version 1", "mean and std of ImageNet"));
}

// What the authors' and timm's published accuracies were measured with.
TEST(BareWeightsTest, CropPctDependsOnVariantAndNaming) {
  const struct {
    const char* variant;
    Naming naming;
    double crop_pct;
  } kCases[] = {
      {"edgenext_xx_small", Naming::kOfficial, 0.875},
      {"edgenext_x_small", Naming::kOfficial, 0.875},
      {"edgenext_small", Naming::kOfficial, 0.875},
      {"edgenext_base", Naming::kOfficial, 0.95},
      {"edgenext_xx_small_bn_hs", Naming::kOfficial, 0.875},
      {"edgenext_small_bn_hs", Naming::kOfficial, 0.875},
      {"edgenext_xx_small", Naming::kTimm, 0.9},
      {"edgenext_x_small", Naming::kTimm, 0.9},
      {"edgenext_small_rw", Naming::kTimm, 0.9},
      {"edgenext_small", Naming::kTimm, 0.95},
      {"edgenext_base", Naming::kTimm, 0.95},
  };
  const TempDir folder;
  for (const auto& test : kCases) {
    const std::string path = folder.Write("w.safetensors", WeightsFile(test.variant, test.naming, 2));
    ASSERT_OK_AND_ASSIGN(const ModelFiles files, ReadModelFiles(path, {}));
    EXPECT_EQ(files.preprocess.crop_pct, test.crop_pct) << test.variant << " " << NamingText(test.naming);
  }
}

TEST(BareWeightsTest, AThousandClassesAreImageNets) {
  const TempDir folder;
  const std::string path =
      folder.Write("w.safetensors", WeightsFile("edgenext_xx_small", Naming::kOfficial, 1000));
  ASSERT_OK_AND_ASSIGN(const ModelFiles files, ReadModelFiles(path, {}));
  EXPECT_EQ(files.labels.size(), 1000u);
  EXPECT_THAT(files.assumptions, Contains("labels 'tench' to 'toilet tissue'"));
}

TEST(BareWeightsTest, FileNamesThatAreNoModelNames) {
  const TempDir folder;
  const std::string path =
      folder.Write("my pets.safetensors", WeightsFile("edgenext_xx_small", Naming::kOfficial, 2));
  EXPECT_THAT(ReadModelFiles(path, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the file's name 'my pets' is not")));
  ModelOverrides overrides;
  overrides.name = "pets";
  EXPECT_TRUE(ReadModelFiles(path, overrides).ok());
}

TEST(BareWeightsTest, FolderMustHoldExactlyOneWeightsFile) {
  const TempDir folder;
  EXPECT_THAT(
      ReadModelFiles(folder.path(), {}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no model.json and 0 files *.safetensors")));
  folder.Write("b.safetensors", "");
  folder.Write("a.safetensors", "");
  folder.Write("readme.txt", "");
  std::filesystem::create_directory(folder.File("c.safetensors"));
  EXPECT_THAT(ReadModelFiles(folder.path(), {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("2 files *.safetensors (a.safetensors, b.safetensors), expected one")));
}

TEST(BareWeightsTest, MissingPaths) {
  EXPECT_THAT(ReadModelFiles("/none/here", {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none/here")));
  EXPECT_THAT(ReadModelFiles("", {}), StatusIs(absl::StatusCode::kNotFound));
}

constexpr char kDefaultModel[] = EDGENEXT_TEST_DATA "/../../model/default";

TEST(DefaultModelTest, IsReadAsShipped) {
  ASSERT_OK_AND_ASSIGN(const ModelFiles files, ReadModelFiles(kDefaultModel, {}));
  EXPECT_EQ(files.name, "pictograms");
  EXPECT_EQ(files.weights.naming, Naming::kTimm);
  EXPECT_EQ(files.weights.weights.config.variant, "edgenext_xx_small");
  EXPECT_EQ(files.weights_dtype, "F16");
  EXPECT_EQ(files.preprocess.height, 128);
  EXPECT_EQ(files.preprocess.crop_pct, 1.0);
  ASSERT_EQ(files.labels.size(), 474u);
  EXPECT_EQ(files.labels[3], "alarm clock");
}

}  // namespace
}  // namespace edgenext
