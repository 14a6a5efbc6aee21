#include "model/bench/measurement.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/bench/peak.h"
#include "model/kernels/kernels.h"
#include "model/network/pack_network.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

TEST(MeasureTest, MeasuresAtLeastOneExecutionOfEveryThread) {
  const auto checkpoint = MakeSyntheticCheckpoint(*FindConfig("edgenext_xx_small"), Naming::kOfficial, 1);
  ASSERT_OK_AND_ASSIGN(const LoadedWeights loaded, LoadWeights(*checkpoint));
  NetworkOptions network_options;
  network_options.height = network_options.width = 64;
  ASSERT_OK_AND_ASSIGN(const auto network, PackNetwork(loaded.weights, network_options));
  MeasurementOptions options;
  options.batch = 2;
  options.threads = 2;
  options.time = absl::ZeroDuration();
  ASSERT_OK_AND_ASSIGN(const Measurement measurement, Measure(*network, options));
  EXPECT_GT(measurement.per_image_min, absl::ZeroDuration());
  EXPECT_LE(measurement.per_image_min, measurement.per_image_median);
}

TEST(MeasureCorePeakTest, NoRegisterWidthDoesMoreThanACoreCan) {
  const int lanes[] = {4, 8, 16};
  if (kernels::FindBf16Kernels(kernels::BestIsa()) != nullptr) {
    const CorePeak peak = MeasureCorePeak(kernels::BestIsa(), kernels::Precision::kBf16);
    EXPECT_GT(peak.macs_per_second, 0);
    EXPECT_LT(peak.macs_per_second / peak.clock_hz, 2 * 16.0 * 16);
  }
  for (const kernels::Isa isa : kernels::kAllIsas) {
    if (!kernels::CpuSupports(isa)) continue;
    const CorePeak peak = MeasureCorePeak(isa, kernels::Precision::kF32);
    EXPECT_GT(peak.clock_hz, 0) << kernels::IsaName(isa);
    EXPECT_LT(peak.clock_hz, 1e10) << kernels::IsaName(isa);
    // No core has more than four units; other work on a busy machine makes a low figure possible, a high one
    // not.
    const double per_cycle = peak.macs_per_second / peak.clock_hz;
    EXPECT_GT(per_cycle, 0) << kernels::IsaName(isa);
    EXPECT_LT(per_cycle, 16.0 * lanes[static_cast<int>(isa)]) << kernels::IsaName(isa);
  }
}

}  // namespace
}  // namespace edgenext
