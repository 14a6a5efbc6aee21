#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "model/image/decoder.h"
#include "model/image/preprocessor.h"
#include "tests/model/image/golden_cases.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext {
namespace {

// An ordinary photograph's size, and a progressive one of 1280 x 720.
constexpr const char* kImages[] = {"landscape.jpg", "hd.jpg", "palette.png", "photo.webp"};

std::string ReadImage(const char* name) { return ReadTestFile(std::string("preprocess/images/") + name); }

void BM_Decode(benchmark::State& state, const char* name) {
  const std::string file = ReadImage(name);
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  for (auto _ : state) {
    if (!decoder->Decode(file).ok()) state.SkipWithError("not decoded");
  }
}

// To 256 x 256 at crop_pct 0.95, from a decoded image.
void BM_Preprocess(benchmark::State& state, const char* name, const kernels::KernelTable& table) {
  const std::string file = ReadImage(name);
  const auto decoder = ImageDecoder::Make(ImageLimits{});
  const RgbView image = decoder->Decode(file).value();
  PreprocessSpec spec;
  spec.crop_pct = 0.95;
  const auto preprocessor = Preprocessor::Make(spec, table);
  std::vector<uint8_t> out(256 * 256 * 3);
  for (auto _ : state) {
    if (!preprocessor->Run(image, absl::MakeSpan(out)).ok()) state.SkipWithError("not preprocessed");
    benchmark::ClobberMemory();
  }
}

const bool kRegistered = [] {
  for (const char* image : kImages) {
    benchmark::RegisterBenchmark((std::string("BM_Decode/") + image).c_str(), BM_Decode, image);
    for (const kernels::KernelTable* table : kernels::SupportedTables()) {
      const std::string name = std::string("BM_Preprocess/") + kernels::IsaName(table->isa) + "/" + image;
      benchmark::RegisterBenchmark(name.c_str(), BM_Preprocess, image, *table);
    }
  }
  return true;
}();

}  // namespace
}  // namespace edgenext
