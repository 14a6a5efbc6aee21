// The network against the recorded float64 results of the reference code, on every kernel table of this
// processor. (edgenext-verify does the same with oneDNN capped too, in a process for each instruction set.)

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/kernels/kernels.h"
#include "model/verify/golden.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

// The reference code's own float32 run differs from float64 by up to 3e-6.

std::vector<std::string> GoldenFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(EDGENEXT_TEST_DATA "/golden")) {
    files.push_back(entry.path().string());
  }
  return files;
}

void CheckEveryFile(Execution execution, double tolerance) {
  const std::vector<std::string> files = GoldenFiles();
  ASSERT_GE(files.size(), 11u);
  for (const std::string& file : files) {
    for (const kernels::Isa isa : kernels::kAllIsas) {
      if (!kernels::CpuSupports(isa)) continue;
      SCOPED_TRACE(file + " on " + kernels::IsaName(isa));
      NetworkOptions options;
      options.isa = isa;
      options.execution = execution;
      ASSERT_OK_AND_ASSIGN(const GoldenDifference difference, CompareGolden(file, options));
      EXPECT_LE(difference.largest, tolerance) << "in " << difference.where;
    }
  }
}

TEST(NetworkGoldenTest, EveryRecordedResultOnEveryTable) { CheckEveryFile(Execution::kFused, 2e-5); }

TEST(NetworkGoldenTest, EveryRecordedResultLayerByLayer) { CheckEveryFile(Execution::kLayered, 1e-5); }

// In standard deviations of an image's logits: roundings to 8 significant bits come to about 2.5e-3 in a
// simulation of these networks that rounds linear layers alone.
TEST(NetworkGoldenTest, EveryRecordedResultInBf16) {
  if (kernels::FindBf16Kernels(kernels::BestIsa()) == nullptr) GTEST_SKIP() << "no bf16 here";
  for (const std::string& file : GoldenFiles()) {
    SCOPED_TRACE(file);
    NetworkOptions options;
    options.precision = kernels::Precision::kBf16;
    ASSERT_OK_AND_ASSIGN(const GoldenDifference difference, CompareGolden(file, options));
    EXPECT_LE(difference.logits_rms, 4e-3);
    EXPECT_LE(difference.logits_largest, 2e-2);
    EXPECT_TRUE(difference.same_top_1);
  }
}

}  // namespace
}  // namespace edgenext
