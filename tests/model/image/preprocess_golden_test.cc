#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "model/image/decoder.h"
#include "model/image/preprocessor.h"
#include "tests/model/image/golden_cases.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext {
namespace {

// Decoding and preprocessing together against Pillow and torchvision, for every table that this processor
// has.
class PreprocessGoldenTest
    : public testing::TestWithParam<std::tuple<const kernels::KernelTable*, GoldenCase>> {};

TEST_P(PreprocessGoldenTest, IsWithinTolerance) {
  const auto& [table, golden] = GetParam();
  const std::string file = ReadTestFile(golden.image);
  const std::string expected_file = ReadTestFile(golden.expected);
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  const auto expected_decoder = ImageDecoder::Make(ImageLimits{});
  const absl::StatusOr<RgbView> image = decoder->Decode(file);
  const absl::StatusOr<RgbView> expected = expected_decoder->Decode(expected_file);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_TRUE(expected.ok()) << expected.status();
  ASSERT_EQ(expected->width, golden.spec.width);
  ASSERT_EQ(expected->height, golden.spec.height);

  const size_t row_bytes = static_cast<size_t>(golden.spec.width) * 3;
  std::vector<uint8_t> actual(row_bytes * static_cast<size_t>(golden.spec.height));
  const auto preprocessor = Preprocessor::Make(golden.spec, *table);
  const absl::Status status = preprocessor->Run(*image, absl::MakeSpan(actual));
  ASSERT_TRUE(status.ok()) << status;

  int worst = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const uint8_t wanted = expected->pixels[i / row_bytes * expected->stride_bytes + i % row_bytes];
    worst = std::max(worst, std::abs(int{actual[i]} - int{wanted}));
  }
  EXPECT_LE(worst, golden.tolerance);
  RecordProperty("largest_difference", worst);
}

INSTANTIATE_TEST_SUITE_P(Cases, PreprocessGoldenTest,
                         testing::Combine(testing::ValuesIn(kernels::SupportedTables()),
                                          testing::ValuesIn(ReadGoldenCases())),
                         [](const auto& test) {
                           std::string name = std::get<1>(test.param).expected;
                           name = std::string(kernels::IsaName(std::get<0>(test.param)->isa)) + "_" +
                                  name.substr(name.rfind('/') + 1);
                           std::replace_if(
                               name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace edgenext
