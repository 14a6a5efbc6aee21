#include "model/verify/preprocess.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/file_reader.h"
#include "model/base/status_macros.h"
#include "model/image/decoder.h"
#include "model/image/preprocessor.h"
#include "model/kernels/kernels.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{64} << 20;

PreprocessCase ParseCase(const nlohmann::json& entry) {
  PreprocessCase result;
  result.image = entry.at("image").get<std::string>();
  result.expected = entry.at("expected").get<std::string>();
  result.spec.crop_pct = entry.at("crop_pct").get<double>();
  const nlohmann::json& size = entry.at("size");
  result.spec.height = size.is_array() ? size.at(0).get<int>() : size.get<int>();
  result.spec.width = size.is_array() ? size.at(1).get<int>() : size.get<int>();
  if (entry.value("mode", "") == "CMYK") result.tolerance = 2;
  return result;
}

int LargestDifference(const RgbView& expected, const std::vector<uint8_t>& actual) {
  int largest = 0;
  const auto row_bytes = static_cast<size_t>(expected.width) * 3;
  for (size_t y = 0; y < static_cast<size_t>(expected.height); ++y) {
    for (size_t i = 0; i < row_bytes; ++i) {
      largest = std::max(
          largest, std::abs(expected.pixels[y * expected.stride_bytes + i] - actual[y * row_bytes + i]));
    }
  }
  return largest;
}

}  // namespace

absl::StatusOr<std::vector<PreprocessCase>> ReadPreprocessCases(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/cases.json");
  EDGENEXT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  try {
    std::vector<PreprocessCase> cases;
    for (const nlohmann::json& entry : nlohmann::json::parse(text)) cases.push_back(ParseCase(entry));
    for (const PreprocessCase& c : cases) {
      if (c.spec.height < 1 || c.spec.width < 1 || !(c.spec.crop_pct > 0 && c.spec.crop_pct <= 1)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "'", path, "': '", c.image, "' has size ", c.spec.height, "x", c.spec.width, " and crop_pct ",
            c.spec.crop_pct, ", expected positive sizes and a crop_pct in (0, 1]"));
      }
    }
    if (cases.empty()) return absl::InvalidArgumentError(absl::StrCat("'", path, "' has no cases"));
    return cases;
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", error.what()));
  }
}

absl::StatusOr<int> ComparePreprocessed(const std::string& folder, const PreprocessCase& preprocess_case) {
  const PreprocessSpec& spec = preprocess_case.spec;
  EDGENEXT_ASSIGN_OR_RETURN(const std::string image_file,
                            ReadFile(absl::StrCat(folder, "/images/", preprocess_case.image), kMaxFileBytes));
  EDGENEXT_ASSIGN_OR_RETURN(
      const std::string expected_file,
      ReadFile(absl::StrCat(folder, "/expected/", preprocess_case.expected), kMaxFileBytes));
  const std::unique_ptr<ImageDecoder> image_decoder = ImageDecoder::Make(ImageLimits());
  const std::unique_ptr<ImageDecoder> expected_decoder = ImageDecoder::Make(ImageLimits());
  EDGENEXT_ASSIGN_OR_RETURN(const RgbView image, image_decoder->Decode(image_file));
  EDGENEXT_ASSIGN_OR_RETURN(const RgbView expected, expected_decoder->Decode(expected_file));
  if (expected.height != spec.height || expected.width != spec.width) {
    return absl::InvalidArgumentError(absl::StrCat("'", preprocess_case.expected, "' is ", expected.height,
                                                   "x", expected.width, ", expected ", spec.height, "x",
                                                   spec.width));
  }

  int largest = 0;
  for (const kernels::Isa isa : kernels::kAllIsas) {
    const kernels::KernelTable* table = kernels::FindKernelTable(isa);
    if (table == nullptr) continue;
    std::vector<uint8_t> actual(static_cast<size_t>(spec.height) * static_cast<size_t>(spec.width) * 3);
    EDGENEXT_RETURN_IF_ERROR(Preprocessor::Make(spec, *table)->Run(image, absl::MakeSpan(actual)));
    largest = std::max(largest, LargestDifference(expected, actual));
  }
  return largest;
}

}  // namespace edgenext
