// The network against the recorded float64 results of the reference code, on every kernel table of this
// processor. (edgenext-verify does the same with oneDNN capped too, in a process for each instruction set.)

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/verify/golden.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

// The reference code's own float32 run differs from float64 by up to 3e-6.
constexpr double kTolerance = 1e-5;

std::vector<std::string> GoldenFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(EDGENEXT_TEST_DATA "/golden")) {
    files.push_back(entry.path().string());
  }
  return files;
}

TEST(NetworkGoldenTest, EveryRecordedResultOnEveryTable) {
  const std::vector<std::string> files = GoldenFiles();
  ASSERT_GE(files.size(), 11u);
  for (const std::string& file : files) {
    for (const kernels::Isa isa : kernels::kAllIsas) {
      if (!kernels::CpuSupports(isa)) continue;
      SCOPED_TRACE(file + " on " + kernels::IsaName(isa));
      ASSERT_OK_AND_ASSIGN(const GoldenDifference difference, CompareGolden(file, isa));
      EXPECT_LE(difference.largest, kTolerance) << "in " << difference.where;
    }
  }
}

}  // namespace
}  // namespace edgenext
