#ifndef TESTS_MODEL_IMAGE_GOLDEN_CASES_H_
#define TESTS_MODEL_IMAGE_GOLDEN_CASES_H_

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/image/image.h"

namespace edgenext {

// The bytes of a file under tests/data.
inline std::string ReadTestFile(const std::string& name) {
  std::ifstream file(std::string(EDGENEXT_TEST_DATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// An image, a network's input size, and what Pillow and torchvision make of it
// (tests/data/preprocess*/cases.json).
struct GoldenCase {
  std::string image;     // under tests/data
  std::string expected;  // likewise, a PNG file of the network's size
  PreprocessSpec spec;
  int tolerance = 0;  // in levels of 255; CMYK has no standard conversion to RGB
};

inline std::vector<GoldenCase> ReadGoldenCases() {
  std::vector<GoldenCase> cases;
  for (const std::string folder : {"preprocess", "preprocess-kinds"}) {
    for (const nlohmann::json& entry : nlohmann::json::parse(ReadTestFile(folder + "/cases.json"))) {
      GoldenCase golden;
      golden.image = folder + "/images/" + entry.at("image").get<std::string>();
      golden.expected = folder + "/expected/" + entry.at("expected").get<std::string>();
      const nlohmann::json& size = entry.at("size");
      golden.spec.height = size.is_array() ? size[0] : size;
      golden.spec.width = size.is_array() ? size[1] : size;
      golden.spec.crop_pct = entry.at("crop_pct");
      if (entry.value("mode", "") == "CMYK") golden.tolerance = 2;
      cases.push_back(golden);
    }
  }
  return cases;
}

}  // namespace edgenext

#endif  // TESTS_MODEL_IMAGE_GOLDEN_CASES_H_
