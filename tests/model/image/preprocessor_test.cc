#include "model/image/preprocessor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "model/image/crop_geometry.h"
#include "tests/model/image/image_matchers.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext {
namespace {

struct TestImage {
  TestImage(int image_width, int image_height, size_t gap) : width(image_width), height(image_height) {
    stride = static_cast<size_t>(width) * 3 + gap;
    bytes.resize(stride * static_cast<size_t>(height) - gap);
    std::mt19937 random(7);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  }
  RgbView view() const { return {bytes.data(), width, height, stride}; }
  double At(int x, int y, int c) const {
    return bytes[static_cast<size_t>(y) * stride + static_cast<size_t>(x) * 3 + static_cast<size_t>(c)];
  }

  int width, height;
  size_t stride;
  std::vector<uint8_t> bytes;
};

// Keys' filter, a = -0.5, straight from the formula.
double Keys(double x) {
  x = std::abs(x);
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  if (x < 2) return -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
  return 0;
}

// One output of one axis in float64, rounded to 8 bits; `sample` gives the inputs.
template <typename Sample>
double ResampleOne(const AxisCrop& axis, int kept_index, const Sample& sample) {
  if (axis.input == axis.resized) return sample(static_cast<int>(axis.offset) + kept_index);
  const double scale = static_cast<double>(axis.input) / static_cast<double>(axis.resized);
  const double widening = std::max(scale, 1.0);
  const double center = (static_cast<double>(axis.offset) + kept_index + 0.5) * scale;
  double sum = 0;
  double weights = 0;
  for (int i = static_cast<int>(std::max(0.0, center - 2 * widening - 2));
       i < std::min<double>(axis.input, center + 2 * widening + 2); ++i) {
    // Pillow takes the inputs whose centres, rounded, lie within the support.
    if (i < static_cast<int>(center - 2 * widening + 0.5) ||
        i >= static_cast<int>(center + 2 * widening + 0.5))
      continue;
    const double weight = Keys((i + 0.5 - center) / widening);
    sum += weight * sample(i);
    weights += weight;
  }
  return std::clamp(std::floor(sum / weights + 0.5), 0.0, 255.0);
}

double Reference(const TestImage& image, const CropGeometry& crop, int x, int y, int c) {
  return ResampleOne(crop.y, y, [&](int row) {
    return ResampleOne(crop.x, x, [&](int column) { return image.At(column, row, c); });
  });
}

class PreprocessorTest : public ::testing::TestWithParam<const kernels::KernelTable*> {
 protected:
  // Compares a grid of output pixels; the intermediate rounding may tip one level over.
  void Check(const TestImage& image, const PreprocessSpec& spec) {
    std::vector<uint8_t> out(static_cast<size_t>(spec.width) * static_cast<size_t>(spec.height) * 3);
    const auto preprocessor = Preprocessor::Make(spec, *GetParam());
    ASSERT_THAT(preprocessor->Run(image.view(), absl::MakeSpan(out)), testing::IsOk());
    ASSERT_OK_AND_ASSIGN(const CropGeometry crop, PlanCrop(image.width, image.height, spec));
    for (int y = 0; y < spec.height; y += 7) {
      for (int x = 0; x < spec.width; x += 5) {
        for (int c = 0; c < 3; ++c) {
          const size_t at =
              (static_cast<size_t>(y) * static_cast<size_t>(spec.width) + static_cast<size_t>(x)) * 3 +
              static_cast<size_t>(c);
          ASSERT_NEAR(out[at], Reference(image, crop, x, y, c), 1.0)
              << "x " << x << " y " << y << " channel " << c;
        }
      }
    }
  }
};

PreprocessSpec Spec(int height, int width, double crop_pct) {
  PreprocessSpec spec;
  spec.height = height;
  spec.width = width;
  spec.crop_pct = crop_pct;
  return spec;
}

TEST_P(PreprocessorTest, MatchesFloat64) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {2, 3}, {31, 17}, {64, 64}, {65, 200}, {300, 97}, {129, 64}}) {
    const TestImage image(width, height, 0);
    Check(image, Spec(64, 64, 0.875));
    Check(image, Spec(64, 64, 1.0));
    Check(image, Spec(64, 96, 0.95));
    Check(image, Spec(96, 64, 1.0));
  }
}

TEST_P(PreprocessorTest, HonoursTheStride) { Check(TestImage(130, 101, 13), Spec(64, 64, 0.9)); }

// The resized form would have up to 4.4 million pixels a side; only the crop is ever made.
TEST_P(PreprocessorTest, LinesOfPixelsCostNoMoreThanTheirCrop) {
  Check(TestImage(16384, 1, 0), Spec(256, 256, 0.95));
  Check(TestImage(1, 16384, 0), Spec(256, 256, 0.95));
  Check(TestImage(16384, 2, 0), Spec(64, 512, 0.95));
  Check(TestImage(2, 16384, 0), Spec(64, 512, 0.95));
}

TEST_P(PreprocessorTest, AReusedPreprocessorGivesWhatAFreshOneGives) {
  const PreprocessSpec spec = Spec(64, 64, 0.95);
  const auto reused = Preprocessor::Make(spec, *GetParam());
  for (const auto& [width, height] :
       {std::pair{500, 375}, {64, 64}, {10, 700}, {500, 375}, {67, 67}, {1, 1}}) {
    const TestImage image(width, height, 0);
    std::vector<uint8_t> a(64 * 64 * 3, 1);
    std::vector<uint8_t> b(64 * 64 * 3, 2);
    ASSERT_THAT(reused->Run(image.view(), absl::MakeSpan(a)), testing::IsOk());
    ASSERT_THAT(Preprocessor::Make(spec, *GetParam())->Run(image.view(), absl::MakeSpan(b)), testing::IsOk());
    EXPECT_EQ(a, b) << width << "x" << height;
  }
}

TEST_P(PreprocessorTest, RefusesWhatItCannotDo) {
  const auto preprocessor = Preprocessor::Make(Spec(64, 64, 0.95), *GetParam());
  const TestImage image(4, 4, 0);
  std::vector<uint8_t> small(64 * 64 * 3 - 1);
  EXPECT_TRUE(absl::IsInternal(preprocessor->Run(image.view(), absl::MakeSpan(small))));
  std::vector<uint8_t> out(64 * 64 * 3);
  EXPECT_THAT(preprocessor->Run(RgbView{}, absl::MakeSpan(out)), IsRefusedAs(kReasonImageUnsupported));
}

INSTANTIATE_TEST_SUITE_P(Tables, PreprocessorTest, ::testing::ValuesIn(kernels::SupportedTables()),
                         [](const auto& test) { return std::string(kernels::IsaName(test.param->isa)); });

}  // namespace
}  // namespace edgenext
