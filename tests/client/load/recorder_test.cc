#include "client/load/recorder.h"

#include <string>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

TEST(Recorder, TellsOutcomesApartByCodeAndReason) {
  Recorder recorder;
  recorder.Add({}, "OK", "");
  recorder.Add({}, "UNAVAILABLE", "DRAINING");
  recorder.Add({}, "UNAVAILABLE", "");
  recorder.Add({}, "OK", "");
  ASSERT_EQ(recorder.outcomes().size(), 3U);
  EXPECT_EQ(recorder.samples()[0].outcome, recorder.samples()[3].outcome);
  EXPECT_EQ(recorder.outcomes()[recorder.samples()[1].outcome].reason, "DRAINING");
  EXPECT_EQ(recorder.outcomes()[recorder.samples()[2].outcome].reason, "");
}

TEST(Recorder, AServerThatGivesEverNewReasonsTakesNoMemory) {
  Recorder recorder;
  for (int i = 0; i < 1000; ++i) recorder.Add({}, "INTERNAL", std::to_string(i));
  EXPECT_EQ(recorder.outcomes().size(), Recorder::kMostOutcomes + 1);
  EXPECT_EQ(recorder.outcomes()[recorder.samples().back().outcome].code, "OTHERS");
  recorder.Add({}, "INTERNAL", "5");
  EXPECT_EQ(recorder.outcomes()[recorder.samples().back().outcome].reason, "5");
}

TEST(Recorder, RecentSamplesAreTakenOnce) {
  Recorder recorder;
  EXPECT_TRUE(recorder.TakeRecent().empty());
  recorder.Add({}, "OK", "");
  recorder.Add({}, "OK", "");
  EXPECT_EQ(recorder.TakeRecent().size(), 2U);
  EXPECT_TRUE(recorder.TakeRecent().empty());
  Sample sample;
  sample.latency = 9;
  recorder.Add(sample, "OK", "");
  ASSERT_EQ(recorder.TakeRecent().size(), 1U);
  EXPECT_EQ(recorder.samples().size(), 3U);
}

TEST(SampleTime, StaysWithinItsBounds) {
  EXPECT_EQ(SampleTime(absl::Microseconds(12)), 12U);
  EXPECT_EQ(SampleTime(absl::Nanoseconds(1999)), 1U);
  EXPECT_EQ(SampleTime(-absl::Seconds(1)), 0U);
  EXPECT_EQ(SampleTime(absl::InfiniteDuration()), 4294967295U);
}

}  // namespace
}  // namespace edgenext
