#include "server/rpc/infer_input.h"

#include <string>
#include <vector>

#include "absl/types/variant.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using inference::ModelInferRequest;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr int kHeight = 32, kWidth = 64, kValues = kHeight * kWidth * 3;

class InferInputTest : public ::testing::Test {
 protected:
  InferInputTest() {
    model_.preprocess.height = kHeight;
    model_.preprocess.width = kWidth;
    limits_.max_images = 4;
    limits_.max_image_bytes = 100;
  }

  // A request for `count` images without their contents.
  static ModelInferRequest Request(const std::string& datatype, const std::vector<int64_t>& shape) {
    ModelInferRequest request;
    auto& input = *request.add_inputs();
    input.set_name("image");
    input.set_datatype(datatype);
    for (const int64_t dimension : shape) input.add_shape(dimension);
    return request;
  }

  static std::string Element(const std::string& bytes) {
    std::string out;
    for (int shift = 0; shift < 32; shift += 8)
      out.push_back(static_cast<char>(bytes.size() >> shift & 0xFF));
    return out + bytes;
  }

  absl::StatusOr<InferImages> Read(const ModelInferRequest& request) const {
    return ReadImages(request, model_, limits_);
  }

  void ExpectBadTensor(const ModelInferRequest& request, const std::string& message) const {
    const auto images = Read(request);
    EXPECT_THAT(images, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
    EXPECT_EQ(GetReason(images.status()), kReasonBadTensor);
  }

  ServedModel model_;
  InferLimits limits_;
};

TEST_F(InferInputTest, RawBytesAreViewsOfTheRequest) {
  ModelInferRequest request = Request("BYTES", {2});
  request.add_raw_input_contents(Element("first") + Element("second!"));
  ASSERT_OK_AND_ASSIGN(const InferImages images, Read(request));
  ASSERT_EQ(images.images.size(), 2u);
  EXPECT_EQ(absl::get<EncodedImage>(images.images[0]).file, "first");
  EXPECT_EQ(absl::get<EncodedImage>(images.images[1]).file, "second!");
  EXPECT_EQ(absl::get<EncodedImage>(images.images[0]).file.data(), request.raw_input_contents(0).data() + 4);
}

TEST_F(InferInputTest, TypedBytes) {
  ModelInferRequest request = Request("BYTES", {2});
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("first");
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("second!");
  ASSERT_OK_AND_ASSIGN(const InferImages images, Read(request));
  ASSERT_EQ(images.images.size(), 2u);
  EXPECT_EQ(absl::get<EncodedImage>(images.images[1]).file, "second!");
}

TEST_F(InferInputTest, RawAndTypedUint8AreTheSamePixels) {
  ModelInferRequest raw = Request("UINT8", {2, kHeight, kWidth, 3});
  ModelInferRequest typed = raw;
  std::string pixels;
  for (int i = 0; i < 2 * kValues; ++i) {
    pixels.push_back(static_cast<char>(i % 251));
    typed.mutable_inputs(0)->mutable_contents()->add_uint_contents(static_cast<uint32_t>(i % 251));
  }
  raw.add_raw_input_contents(pixels);
  ASSERT_OK_AND_ASSIGN(const InferImages from_raw, Read(raw));
  ASSERT_OK_AND_ASSIGN(const InferImages from_typed, Read(typed));
  ASSERT_EQ(from_raw.images.size(), 2u);
  ASSERT_EQ(from_typed.images.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const auto expected = absl::get<RgbPixels>(from_raw.images[i]).pixels;
    EXPECT_EQ(expected.size(), size_t{kValues});
    EXPECT_EQ(expected[0], static_cast<uint8_t>(i * kValues % 251));
    EXPECT_EQ(absl::get<RgbPixels>(from_typed.images[i]).pixels, expected);
  }
}

TEST_F(InferInputTest, RawAndTypedFp32AreTheSameValues) {
  ModelInferRequest raw = Request("FP32", {2, 3, kHeight, kWidth});
  ModelInferRequest typed = raw;
  std::vector<float> values;
  for (int i = 0; i < 2 * kValues; ++i) values.push_back(static_cast<float>(i) * 0.25f);
  *typed.mutable_inputs(0)->mutable_contents()->mutable_fp32_contents() = {values.begin(), values.end()};
  raw.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  ASSERT_OK_AND_ASSIGN(const InferImages from_raw, Read(raw));
  ASSERT_OK_AND_ASSIGN(const InferImages from_typed, Read(typed));
  ASSERT_EQ(from_raw.images.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const auto pixels = absl::get<NormalisedPixels>(from_raw.images[i]).pixels;
    EXPECT_EQ(pixels.size(), size_t{kValues});
    EXPECT_EQ(pixels[1], static_cast<float>(i * kValues + 1) * 0.25f);
    EXPECT_EQ(absl::get<NormalisedPixels>(from_typed.images[i]).pixels, pixels);
  }
}

TEST_F(InferInputTest, ExactlyOneInputNamedImage) {
  ExpectBadTensor(ModelInferRequest(), "has 0 inputs, expected one, 'image'");
  ModelInferRequest request = Request("BYTES", {1});
  request.mutable_inputs(0)->set_name("pixels");
  ExpectBadTensor(request, "input 'pixels', expected 'image'");
  request.add_inputs()->set_name("image");
  ExpectBadTensor(request, "has 2 inputs");
}

TEST_F(InferInputTest, DatatypeAndShapeAreThoseOfTheModel) {
  ExpectBadTensor(Request("INT8", {1}), "datatype 'INT8', expected BYTES, UINT8 or FP32");
  ExpectBadTensor(Request("BYTES", {}), "shape [], expected [n]");
  ExpectBadTensor(Request("BYTES", {0}), "shape [0], expected [n], n >= 1");
  ExpectBadTensor(Request("BYTES", {-1}), "shape [-1]");
  ExpectBadTensor(Request("BYTES", {1, 1}), "shape [1, 1]");
  ExpectBadTensor(Request("UINT8", {1, kWidth, kHeight, 3}), "shape [1, 64, 32, 3], expected [n, 32, 64, 3]");
  ExpectBadTensor(Request("FP32", {1, kHeight, kWidth, 3}), "shape [1, 32, 64, 3], expected [n, 3, 32, 64]");
  ExpectBadTensor(Request("FP32", std::vector<int64_t>(1000, 1)), "of 1000 dimensions");
}

TEST_F(InferInputTest, MoreImagesThanTheQueueHoldsNamesTheLimit) {
  ExpectBadTensor(Request("BYTES", {5}), "has 5 images, expected at most the queue's capacity of 4");
  ExpectBadTensor(Request("UINT8", {int64_t{1} << 62, kHeight, kWidth, 3}), "capacity of 4");
}

TEST_F(InferInputTest, RawSizesMustMatch) {
  ModelInferRequest request = Request("UINT8", {1, kHeight, kWidth, 3});
  request.add_raw_input_contents(std::string(kValues - 1, 'x'));
  ExpectBadTensor(request, "has 6143 bytes, expected 6144");
  request = Request("FP32", {1, 3, kHeight, kWidth});
  request.add_raw_input_contents(std::string(kValues, 'x'));
  ExpectBadTensor(request, "has 6144 bytes, expected 24576");
  request = Request("BYTES", {2});
  request.add_raw_input_contents(Element("first"));
  ExpectBadTensor(request, "has 1 elements, expected 2");
  request.set_raw_input_contents(0, Element("first") + Element("second") + "abc");
  ExpectBadTensor(request, "has 3 bytes after its 2 elements");
  request.set_raw_input_contents(0, Element("first") + std::string("\xFF\xFF\xFF\xFF", 4) + "abc");
  ExpectBadTensor(request, "image[1]: its length prefix says 4294967295 bytes, but 3 are left");
  request.add_raw_input_contents("more");
  ExpectBadTensor(request, "has 2 entries, expected one an input, 1");
}

TEST_F(InferInputTest, TypedCountsAndValuesMustMatch) {
  ModelInferRequest request = Request("UINT8", {1, kHeight, kWidth, 3});
  ExpectBadTensor(request, "uint_contents has 0 elements, expected 6144");
  for (int i = 0; i < kValues; ++i) request.mutable_inputs(0)->mutable_contents()->add_uint_contents(7);
  request.mutable_inputs(0)->mutable_contents()->set_uint_contents(9, 256);
  ExpectBadTensor(request, "uint_contents has 256, expected UINT8");
  request = Request("BYTES", {2});
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("x");
  ExpectBadTensor(request, "bytes_contents has 1 elements, expected 2");
  ExpectBadTensor(Request("FP32", {1, 3, kHeight, kWidth}), "fp32_contents has 0 elements, expected 6144");
}

TEST_F(InferInputTest, RawAndTypedContentsDoNotMix) {
  ModelInferRequest request = Request("BYTES", {1});
  request.add_raw_input_contents(Element("x"));
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("x");
  ExpectBadTensor(request, "beside raw_input_contents");
}

TEST_F(InferInputTest, SharedMemoryIsRefused) {
  ModelInferRequest request = Request("BYTES", {1});
  (*request.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r");
  ExpectBadTensor(request, "shared memory, which is not supported");
}

TEST_F(InferInputTest, ABadFileIsNamedByItsPlace) {
  ModelInferRequest request = Request("BYTES", {2});
  request.add_raw_input_contents(Element("first") + Element(""));
  auto images = Read(request);
  EXPECT_THAT(images, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("image[1]: is empty")));
  EXPECT_EQ(GetReason(images.status()), kReasonImageUnsupported);
  request.set_raw_input_contents(0, Element(std::string(101, 'x')) + Element("second"));
  images = Read(request);
  EXPECT_THAT(images, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("image[0]: has 101 bytes, expected at most 100")));
  EXPECT_EQ(GetReason(images.status()), kReasonImageTooLarge);
}

}  // namespace
}  // namespace edgenext::serving
