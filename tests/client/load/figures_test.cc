#include "client/load/figures.h"

#include "client/load/report.h"
#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kMs = 1000;

Sample At(uint32_t intended_ms, Fate fate, uint32_t latency_ms, uint32_t lag_us = 0) {
  Sample sample;
  sample.intended = intended_ms * kMs;
  sample.latency = latency_ms * kMs;
  sample.send_lag = lag_us;
  sample.fate = fate;
  sample.attempts = 1;
  return sample;
}

RunFacts OneSecondAfterOne() {
  RunFacts facts;
  facts.warm_up = absl::Seconds(1);
  facts.duration = absl::Seconds(1);
  facts.most_in_flight = 3;
  return facts;
}

TEST(Summarise, CountsWhatWasMeantForTheTimeAfterTheWarmUp) {
  Recorder recorder;
  recorder.Add(At(999, Fate::kGood, 5), "OK", "");  // warm-up
  recorder.Add(At(1000, Fate::kGood, 10), "OK", "");
  recorder.Add(At(1150, Fate::kGood, 30), "OK", "");
  recorder.Add(At(1160, Fate::kLate, 2000), "OK", "");  // answered long after the end
  recorder.Add(At(1170, Fate::kRefused, 1), "RESOURCE_EXHAUSTED", "OVERLOADED");
  recorder.Add(At(1999, Fate::kExpired, 100), "DEADLINE_EXCEEDED", "");
  recorder.Add(At(2000, Fate::kFailed, 5), "INTERNAL", "");  // after the end
  const Figures figures = Summarise(recorder, OneSecondAfterOne());

  EXPECT_EQ(figures.requests, 5U);
  EXPECT_EQ(figures.good(), 2U);
  EXPECT_THAT(figures.fates, ElementsAre(2, 1, 1, 1, 0, 0, 0));
  EXPECT_EQ(figures.seconds, 1);
  EXPECT_EQ(figures.per_second(figures.good()), 2);
  EXPECT_DOUBLE_EQ(figures.share(figures.good()), 0.4);
  EXPECT_EQ(figures.ok.count(), 3U);  // late ones too: leaving the slow out would flatter
  EXPECT_EQ(figures.ok.Max(), 2000);
  EXPECT_EQ(figures.refused.Max(), 1);
  EXPECT_EQ(figures.most_in_flight, 3);

  ASSERT_EQ(figures.outcomes.size(), 3U);  // not INTERNAL, which is not counted
  EXPECT_EQ(figures.outcomes[0].outcome.code, "OK");
  EXPECT_EQ(figures.outcomes[0].count, 3U);
  EXPECT_EQ(figures.outcomes[1].outcome.reason, "OVERLOADED");

  EXPECT_DOUBLE_EQ(figures.interval_s, 0.1);
  ASSERT_EQ(figures.timeline.size(), 10U);
  EXPECT_THAT(figures.timeline[0].fates, ElementsAre(1, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(figures.timeline[1].fates, ElementsAre(1, 1, 1, 0, 0, 0, 0));
  EXPECT_EQ(figures.timeline[1].ok.Percentile(50), 30);
  EXPECT_THAT(figures.timeline[9].fates, ElementsAre(0, 0, 0, 1, 0, 0, 0));
  EXPECT_DOUBLE_EQ(figures.timeline[9].start_s, 0.9);
}

// `late` of a hundred requests were sent `lag_us` late.
Figures WithLag(int late, uint32_t lag_us) {
  Recorder recorder;
  for (uint32_t i = 0; i < 100; ++i) {
    recorder.Add(At(1000 + i, Fate::kGood, 5, static_cast<int>(i) < late ? lag_us : 0), "OK", "");
  }
  return Summarise(recorder, OneSecondAfterOne());
}

TEST(Summarise, ARunIsVoidIfItsOwnP99SendLagIsOverAMillisecond) {
  EXPECT_THAT(WithLag(1, 50 * kMs).void_reasons, IsEmpty());  // p99 is the 99th of 100
  EXPECT_THAT(WithLag(2, 1000).void_reasons, IsEmpty());      // exactly 1 ms
  EXPECT_THAT(WithLag(2, 1001).void_reasons, ElementsAre(HasSubstr("was sent 1.0 ms late")));
}

TEST(Summarise, ARunIsVoidIfAnswersLieUnread) {
  Recorder recorder;
  recorder.Add(At(1000, Fate::kGood, 5), "OK", "");
  RunFacts facts = OneSecondAfterOne();
  facts.receive_lags_us = std::vector<uint32_t>(100, 5 * kMs);
  EXPECT_THAT(Summarise(recorder, facts).void_reasons, IsEmpty());
  facts.receive_lags_us[0] = facts.receive_lags_us[1] = 6 * kMs;
  EXPECT_THAT(Summarise(recorder, facts).void_reasons, ElementsAre(HasSubstr("unread for 6.0 ms")));
}

TEST(Summarise, ARunIsVoidIfRequestsWereNotSent) {
  Recorder recorder;
  recorder.Add(At(1000, Fate::kGood, 5), "OK", "");
  recorder.Add(At(1001, Fate::kNotSent, 0), "NOT_SENT", "");
  const Figures figures = Summarise(recorder, OneSecondAfterOne());
  EXPECT_THAT(figures.void_reasons, ElementsAre(HasSubstr("1 requests were not sent")));
  EXPECT_EQ(figures.requests, 2U);
  EXPECT_EQ(figures.send_lag.count(), 1U);
}

TEST(Summarise, ARunWithoutRequestsIsVoid) {
  const Recorder recorder;
  EXPECT_THAT(Summarise(recorder, OneSecondAfterOne()).void_reasons, ElementsAre(HasSubstr("no request")));
  // Interrupted in its warm-up.
  EXPECT_THAT(Summarise(recorder, RunFacts()).void_reasons, ElementsAre(HasSubstr("no request")));
}

TEST(Interval, IsRoundAndThereAreNotMany) {
  EXPECT_EQ(IntervalFor(absl::Milliseconds(100)), absl::Milliseconds(100));
  EXPECT_EQ(IntervalFor(absl::Seconds(12)), absl::Milliseconds(100));
  EXPECT_EQ(IntervalFor(absl::Seconds(12.1)), absl::Milliseconds(200));
  EXPECT_EQ(IntervalFor(absl::Seconds(60)), absl::Milliseconds(500));
  EXPECT_EQ(IntervalFor(absl::Hours(1)), absl::Seconds(50));
}

TEST(JudgeTrial, WantsTheLatencyTheGoodputAndAnHonestRun) {
  const auto judge = [](const Figures& figures, int limit_ms) {
    return JudgeTrial(figures, 100, absl::Milliseconds(limit_ms), 99);
  };
  EXPECT_TRUE(judge(WithLag(0, 0), 5).passed);
  EXPECT_THAT(judge(WithLag(0, 0), 4).why, HasSubstr("p99 5.00 ms, over 4 ms"));
  EXPECT_THAT(judge(WithLag(3, 2000), 5).why, HasSubstr("void"));
  EXPECT_TRUE(judge(WithLag(3, 2000), 5).is_void);
  EXPECT_FALSE(judge(WithLag(0, 0), 4).is_void);

  const auto with_refused = [](uint32_t count) {
    Recorder recorder;
    for (uint32_t i = 0; i < 200; ++i) {
      const bool is_refused = i < count;
      recorder.Add(At(1000 + i, is_refused ? Fate::kRefused : Fate::kGood, 1),
                   is_refused ? "UNAVAILABLE" : "OK", "");
    }
    return Summarise(recorder, OneSecondAfterOne());
  };
  EXPECT_TRUE(judge(with_refused(2), 5).passed);  // 99 % good
  EXPECT_THAT(judge(with_refused(3), 5).why, HasSubstr("good 98.50 %, below 99 %"));
}

}  // namespace
}  // namespace edgenext
