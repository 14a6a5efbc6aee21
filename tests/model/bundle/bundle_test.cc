#include "model/bundle/bundle.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "model/base/status_macros.h"
#include "model/kernels/kernels.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "tests/testing/safetensors_writer.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::edgenext::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kDefaultModel[] = EDGENEXT_TEST_DATA "/../../model/default";

TEST(LoadModelBundleTest, DefaultModelIsReadyToServe) {
  ASSERT_OK_AND_ASSIGN(const ModelBundle bundle, LoadModelBundle(kDefaultModel, {}));
  EXPECT_EQ(bundle.name, "pictograms");
  EXPECT_EQ(bundle.version, "1");
  EXPECT_EQ(bundle.variant, "edgenext_xx_small");
  EXPECT_EQ(bundle.naming, Naming::kTimm);
  EXPECT_EQ(bundle.weights_dtype, "F16");
  EXPECT_EQ(bundle.labels.size(), 474u);
  EXPECT_THAT(bundle.assumptions, IsEmpty());
  EXPECT_EQ(bundle.network->config().classes, 474);
  EXPECT_EQ(bundle.network->options().height, 128);
  EXPECT_EQ(bundle.network->options().width, 128);

  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Executor> executor, bundle.network->MakeExecutor());
  const std::vector<uint8_t> gray(size_t{3} * 128 * 128, 128);
  NetworkInput input;
  input.rgb = gray.data();
  std::vector<float> logits(474);
  ASSERT_THAT(executor->Execute({&input, 1}, absl::MakeSpan(logits)), IsOk());
  for (const float logit : logits) EXPECT_TRUE(std::isfinite(logit));
}

TEST(LoadModelBundleTest, OptionsReachTheNetwork) {
  BundleOptions options;
  options.isa = kernels::Isa::kScalar;
  options.overrides.input_size = InputSize{64, 96};
  ASSERT_OK_AND_ASSIGN(const ModelBundle bundle, LoadModelBundle(kDefaultModel, options));
  EXPECT_EQ(bundle.network->options().isa, kernels::Isa::kScalar);
  EXPECT_EQ(bundle.network->options().height, 64);
  EXPECT_EQ(bundle.network->options().width, 96);
  EXPECT_EQ(bundle.preprocess.height, 64);
  EXPECT_EQ(bundle.preprocess.width, 96);
}

TEST(LoadModelBundleTest, PacksAsOftenAsItIsToldAndHoldsWhatItIsGiven) {
  BundleOptions options;
  std::vector<std::shared_ptr<const Network>> copies;
  options.pack_copies =
      [&copies](const PackFunction& pack) -> absl::StatusOr<std::shared_ptr<const Network>> {
    for (int copy = 0; copy < 2; ++copy) {
      EDGENEXT_ASSIGN_OR_RETURN(std::shared_ptr<const Network> network, pack());
      copies.push_back(std::move(network));
    }
    return copies[1];
  };
  ASSERT_OK_AND_ASSIGN(const ModelBundle bundle, LoadModelBundle(kDefaultModel, options));
  ASSERT_EQ(copies.size(), 2u);
  EXPECT_NE(copies[0], copies[1]);
  EXPECT_EQ(copies[0]->weights_bytes(), copies[1]->weights_bytes());
  EXPECT_EQ(bundle.network, copies[1]);

  options.pack_copies = [](const PackFunction&) { return absl::InternalError("no node"); };
  EXPECT_THAT(LoadModelBundle(kDefaultModel, options),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no node")));
}

TEST(LoadModelBundleTest, PrecisionIsAskedForByTheOperatorFirst) {
  BundleOptions options;
  options.precision = "f32";
  ASSERT_OK_AND_ASSIGN(ModelBundle bundle, LoadModelBundle(kDefaultModel, options));
  EXPECT_EQ(bundle.precision, "f32");

  const bool has_bf16 = kernels::FindBf16Kernels(kernels::BestIsa()) != nullptr;
  options.precision = "auto";
  ASSERT_OK_AND_ASSIGN(bundle, LoadModelBundle(kDefaultModel, options));
  EXPECT_EQ(bundle.precision, has_bf16 ? "bf16" : "f32");
  options.precision = "bf16";
  if (has_bf16) {
    ASSERT_OK_AND_ASSIGN(bundle, LoadModelBundle(kDefaultModel, options));
    EXPECT_EQ(bundle.precision, "bf16");
  }

  options.isa = kernels::Isa::kScalar;
  EXPECT_THAT(
      LoadModelBundle(kDefaultModel, options),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot multiply in bf16 with scalar")));
  options.precision = "auto";
  ASSERT_OK_AND_ASSIGN(bundle, LoadModelBundle(kDefaultModel, options));
  EXPECT_EQ(bundle.precision, "f32");
  options.isa = kernels::BestIsa();
  options.precision = "int8";
  EXPECT_THAT(LoadModelBundle(kDefaultModel, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("precision 'int8'")));
}

TEST(LoadModelBundleTest, ErrorsOfTheFilesAreReturned) {
  EXPECT_THAT(LoadModelBundle("/none", {}), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none")));
}

}  // namespace
}  // namespace edgenext
