// Writes the weights of a variant with synthetic values, for servers whose speed is what matters:
// `synthetic_model edgenext_small FILE.safetensors`.
#include <cstdio>
#include <fstream>
#include <string>

#include "model/edgenext/config.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "tests/testing/safetensors_writer.h"

int main(int argc, char** argv) {
  const edgenext::EdgeNextConfig* config = argc == 3 ? edgenext::FindConfig(argv[1]) : nullptr;
  if (config == nullptr) {
    std::fprintf(stderr, "usage: synthetic_model VARIANT FILE, VARIANT one of %s\n",
                 edgenext::VariantWords().c_str());
    return 64;
  }
  const edgenext::Naming naming =
      config->downsample_in_block ? edgenext::Naming::kTimm : edgenext::Naming::kOfficial;
  const std::string file = edgenext::testing::SafetensorsFile(
      edgenext::testing::RawTensors(*edgenext::MakeSyntheticCheckpoint(*config, naming, 1)));
  std::ofstream out(argv[2], std::ios::binary);
  out.write(file.data(), static_cast<std::streamsize>(file.size()));
  out.close();
  if (!out) std::fprintf(stderr, "synthetic_model: cannot write %s\n", argv[2]);
  return out ? 0 : 1;
}
