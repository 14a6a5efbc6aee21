#include "model/bench/measurement.h"

#include <sched.h>

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

// For the calling thread to stay on the processor that it is on: another may have another clock.
void StayHere() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
  ASSERT_EQ(sched_setaffinity(0, sizeof here, &here), 0);
}

// No core multiplies in more than two vector units of a width; a tenth more for a clock that changes between
// the two measurements. Other work on a busy machine makes a low figure possible, a high one not.
TEST(MeasureCorePeakTest, NoRegisterWidthDoesMoreThanACoreCan) {
  constexpr double kUnits = 2.2;
  const int lanes[] = {4, 8, 16};
  StayHere();
  if (kernels::FindBf16Kernels(kernels::BestIsa()) != nullptr) {
    const CorePeak peak = MeasureCorePeak(kernels::BestIsa(), kernels::Precision::kBf16);
    EXPECT_GT(peak.macs_per_second, 0);
    EXPECT_LT(peak.macs_per_second / peak.clock_hz, kUnits * 32);
  }
  for (const kernels::Isa isa : kernels::kAllIsas) {
    if (!kernels::CpuSupports(isa)) continue;
    const CorePeak peak = MeasureCorePeak(isa, kernels::Precision::kF32);
    EXPECT_GT(peak.clock_hz, 0) << kernels::IsaName(isa);
    EXPECT_LT(peak.clock_hz, 1e10) << kernels::IsaName(isa);
    const double per_cycle = peak.macs_per_second / peak.clock_hz;
    EXPECT_GT(per_cycle, 0) << kernels::IsaName(isa);
    EXPECT_LT(per_cycle, kUnits * lanes[static_cast<int>(isa)]) << kernels::IsaName(isa);
  }
}

}  // namespace
}  // namespace edgenext
