#include "server/rpc/infer_output.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;
using Tensor = InferOutput::Tensor;

constexpr int kClasses = 3;

ModelInferRequest Request(const std::vector<std::string>& names) {
  ModelInferRequest request;
  for (const std::string& name : names) request.add_outputs()->set_name(name);
  return request;
}

void Classify(ModelInferRequest& request, int output, int64_t k) {
  (*request.mutable_outputs(output)->mutable_parameters())["classification"].set_int64_param(k);
}

std::vector<std::string> Elements(const std::string& raw) {
  std::vector<std::string> elements;
  for (size_t at = 0; at < raw.size();) {
    uint32_t length = 0;
    std::memcpy(&length, raw.data() + at, sizeof(length));
    elements.push_back(raw.substr(at + sizeof(length), length));
    at += sizeof(length) + length;
  }
  return elements;
}

std::vector<float> Floats(const std::string& raw) {
  std::vector<float> values(raw.size() / sizeof(float));
  std::memcpy(values.data(), raw.data(), values.size() * sizeof(float));
  return values;
}

TEST(InferOutputTest, NoOutputsMeansBoth) {
  ASSERT_OK_AND_ASSIGN(const auto outputs, ReadOutputs(ModelInferRequest(), kClasses));
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].tensor, Tensor::kLogits);
  EXPECT_EQ(outputs[1].tensor, Tensor::kProbabilities);
  const OutputSpec spec = ToOutputSpec(outputs);
  EXPECT_TRUE(spec.logits);
  EXPECT_TRUE(spec.probabilities);
  EXPECT_EQ(spec.top_k, 0);
}

TEST(InferOutputTest, TheRequestsOrderIsKeptAndOnlyWhatItNeedsIsComputed) {
  ModelInferRequest request = Request({"probabilities", "logits"});
  Classify(request, 1, 2);
  ASSERT_OK_AND_ASSIGN(const auto outputs, ReadOutputs(request, kClasses));
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].tensor, Tensor::kProbabilities);
  EXPECT_EQ(outputs[1].tensor, Tensor::kLogits);
  EXPECT_EQ(outputs[1].classification, 2);
  const OutputSpec spec = ToOutputSpec(outputs);
  EXPECT_FALSE(spec.logits);
  EXPECT_TRUE(spec.probabilities);
  EXPECT_EQ(spec.top_k, 2);
}

TEST(InferOutputTest, ClassificationIsClampedToTheClasses) {
  ModelInferRequest request = Request({"logits"});
  Classify(request, 0, std::numeric_limits<int64_t>::max());
  ASSERT_OK_AND_ASSIGN(const auto outputs, ReadOutputs(request, kClasses));
  EXPECT_EQ(outputs[0].classification, kClasses);
}

TEST(InferOutputTest, WrongOutputsAreNamed) {
  const auto is_invalid = [](const char* text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(ReadOutputs(Request({"scores"}), kClasses), is_invalid("'scores', expected 'logits'"));
  EXPECT_THAT(ReadOutputs(Request({"logits", "logits"}), kClasses),
              is_invalid("'logits' is asked for twice"));
  ModelInferRequest request = Request({"logits"});
  for (const int64_t k : {int64_t{0}, int64_t{-3}}) {
    Classify(request, 0, k);
    EXPECT_THAT(ReadOutputs(request, kClasses), is_invalid("expected 1 or more"));
  }
  (*request.mutable_outputs(0)->mutable_parameters())["classification"].set_string_param("5");
  EXPECT_THAT(ReadOutputs(request, kClasses), is_invalid("holds a string"));
  request = Request({"logits"});
  (*request.mutable_outputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r");
  EXPECT_THAT(ReadOutputs(request, kClasses), is_invalid("shared memory"));
}

class WriteOutputsTest : public ::testing::Test {
 protected:
  WriteOutputsTest() {
    model_.labels = {"cat", "dog:big", "\xC3\xA9"};
    results_.resize(2);
    results_[0].logits = {1.5f, -2.25f, 0.1f};
    results_[0].probabilities = {0.75f, 0.05f, 0.2f};
    results_[0].predictions = {{0, 1.5f, 0.75f}, {2, 0.1f, 0.2f}, {1, -2.25f, 0.05f}};
    results_[1].logits = {1e-10f, 3e20f, 7.0f};
    results_[1].probabilities = {0.0f, 1.0f, 0.0f};
    results_[1].predictions = {{1, 3e20f, 1.0f}, {2, 7.0f, 0.0f}, {0, 1e-10f, 0.0f}};
  }
  ModelInferResponse Write(const std::vector<InferOutput>& outputs) const {
    ModelInferResponse response;
    WriteOutputs(outputs, model_, results_, response);
    return response;
  }

  ServedModel model_;
  std::vector<ImageResult> results_;
};

TEST_F(WriteOutputsTest, TensorsAreRawFloatsInOrder) {
  const ModelInferResponse response = Write({{Tensor::kProbabilities, 0}, {Tensor::kLogits, 0}});
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "probabilities");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 3));
  EXPECT_FALSE(response.outputs(0).has_contents());
  ASSERT_EQ(response.raw_output_contents_size(), 2);
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(0.75f, 0.05f, 0.2f, 0.0f, 1.0f, 0.0f));
  EXPECT_THAT(Floats(response.raw_output_contents(1)), ElementsAre(1.5f, -2.25f, 0.1f, 1e-10f, 3e20f, 7.0f));
}

TEST_F(WriteOutputsTest, ClassificationIsTextWithTheShortestFloats) {
  const ModelInferResponse response = Write({{Tensor::kLogits, 2}, {Tensor::kProbabilities, 3}});
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 2));
  EXPECT_THAT(Elements(response.raw_output_contents(0)),
              ElementsAre("1.5:0:cat", "0.1:2:\xC3\xA9", "3e+20:1:dog:big", "7:2:\xC3\xA9"));
  EXPECT_THAT(Elements(response.raw_output_contents(1)),
              ElementsAre("0.75:0:cat", "0.2:2:\xC3\xA9", "0.05:1:dog:big", "1:1:dog:big", "0:2:\xC3\xA9",
                          "0:0:cat"));
}

TEST_F(WriteOutputsTest, AValueReadsBackAsTheSameFloat) {
  for (const float value : {0.1f, 1.0f / 3, 16777217.0f, std::nextafter(1.0f, 2.0f), 1.17549435e-38f}) {
    results_[0].predictions[0].logit = value;
    const std::string text = Elements(Write({{Tensor::kLogits, 1}}).raw_output_contents(0))[0];
    EXPECT_EQ(std::strtof(text.c_str(), nullptr), value) << text;
  }
}

}  // namespace
}  // namespace edgenext::serving
