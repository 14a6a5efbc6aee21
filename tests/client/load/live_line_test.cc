#include "client/load/live_line.h"

#include "gmock/gmock.h"

namespace edgenext {
namespace {

LiveView Example() {
  LiveView view;
  view.elapsed = absl::Seconds(7);
  view.total = absl::Seconds(12);
  view.warm_up = absl::Seconds(2);
  view.period = absl::Seconds(2);
  view.in_flight = 12;
  for (uint32_t i = 1; i <= 100; ++i) {
    Sample sample;
    sample.latency = 1000 * i;
    sample.send_lag = 10;
    view.recent.push_back(sample);
  }
  for (int i = 0; i < 4; ++i) {
    Sample sample;
    sample.fate = Fate::kRefused;
    sample.latency = 900'000;
    sample.send_lag = 10;
    view.recent.push_back(sample);
  }
  return view;
}

TEST(LiveLine, SaysWhatTheLastSecondBrought) {
  EXPECT_EQ(LiveLine(Example(), 100),
            "7/12 s  52/s: 50 good, 2 refused  12 open  p50 50.0 p99 99.0 ms  lag 0.01 ms");
}

TEST(LiveLine, FitsTheTerminal) { EXPECT_EQ(LiveLine(Example(), 20), "7/12 s  52/s: 50 go…"); }

TEST(LiveLine, OfNothingIsShort) {
  LiveView view = Example();
  view.elapsed = absl::Seconds(1);
  view.recent.clear();
  EXPECT_EQ(LiveLine(view, 100), "1/12 s warm-up  0/s  12 open");
}

}  // namespace
}  // namespace edgenext
