#ifndef TESTS_MODEL_NETWORK_NETWORK_FIXTURE_H_
#define TESTS_MODEL_NETWORK_NETWORK_FIXTURE_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "model/edgenext/network.h"
#include "model/synthetic/synthetic_checkpoint.h"

// What tests of networks share.
namespace edgenext::testing {

inline EdgeNextWeights SyntheticWeights(const std::string& variant, int classes = 1000, uint64_t seed = 1) {
  EdgeNextConfig config = *FindConfig(variant);
  config.classes = classes;
  const Naming naming = config.downsample_in_block ? Naming::kTimm : Naming::kOfficial;
  return LoadWeights(*MakeSyntheticCheckpoint(config, naming, seed)).value().weights;
}

inline NetworkOptions OptionsForSize(int height, int width) {
  NetworkOptions options;
  options.height = height;
  options.width = width;
  return options;
}

// [height, width, 3], every value as likely.
inline std::vector<uint8_t> RandomRgb(int height, int width, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> rgb(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
  for (uint8_t& value : rgb) value = static_cast<uint8_t>(random());
  return rgb;
}

inline NetworkInput RgbInput(const std::vector<uint8_t>& rgb) {
  NetworkInput input;
  input.rgb = rgb.data();
  return input;
}

inline NetworkInput NormalisedInput(const std::vector<float>& values) {
  NetworkInput input;
  input.normalised = values.data();
  return input;
}

}  // namespace edgenext::testing

#endif  // TESTS_MODEL_NETWORK_NETWORK_FIXTURE_H_
