// Runs one image on the AVX2 table: instruction_count VARIANT SIDE. callgrind counts the instructions of
// RunCountedImage; instruction_count_test.py compares them with what is recorded.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "model/network/pack_network.h"
#include "tests/model/network/network_fixture.h"

namespace {

using edgenext::Executor;
using edgenext::NetworkInput;

constexpr int kClasses = 10;

}  // namespace

extern "C" __attribute__((noinline)) void RunCountedImage(Executor* executor, const NetworkInput* input,
                                                          float* logits) {
  const absl::Status status = executor->Execute({input, 1}, {logits, kClasses});
  if (!status.ok()) std::abort();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: instruction_count VARIANT SIDE\n");
    return 64;
  }
  const int side = std::atoi(argv[2]);
  edgenext::NetworkOptions options = edgenext::testing::OptionsForSize(side, side);
  options.isa = edgenext::kernels::Isa::kAvx2;
  const auto network =
      edgenext::PackNetwork(edgenext::testing::SyntheticWeights(argv[1], kClasses), options).value();
  const std::unique_ptr<Executor> executor = network->MakeExecutor().value();
  const std::vector<uint8_t> rgb = edgenext::testing::RandomRgb(side, side, 1);
  const NetworkInput input = edgenext::testing::RgbInput(rgb);
  std::vector<float> logits(kClasses);
  RunCountedImage(executor.get(), &input, logits.data());
  return 0;
}
