#include "server/batching/admission_ledger.h"

#include <string>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using Kind = AdmissionDecision::Kind;

// One worker that takes 10 ms an image, 8 of which may wait.
class AdmissionLedgerTest : public ::testing::Test {
 protected:
  AdmissionLedgerTest() { ledger_.SetServiceTime(absl::Milliseconds(10)); }

  static AdmissionPolicy::Options Options() {
    AdmissionPolicy::Options options;
    options.workers = 1;
    options.queue_capacity = 8;
    return options;
  }
  AdmissionAsk Ask(const std::string& client, int milliseconds_left = -1,
                   TaskClass task_class = TaskClass::kInteractive) const {
    AdmissionAsk ask;
    ask.client = client;
    if (milliseconds_left >= 0) ask.deadline = now_ + absl::Milliseconds(milliseconds_left);
    ask.task_class = task_class;
    return ask;
  }
  Kind Decide(const AdmissionAsk& ask) { return ledger_.Decide(ask, now_).kind; }
  // Adds what is admitted.
  Kind Come(const AdmissionAsk& ask) {
    const Kind kind = Decide(ask);
    if (kind == Kind::kAdmit) ledger_.Add(ask, ask.images);
    return kind;
  }

  AdmissionLedger ledger_{Options()};
  MonotonicTime now_ = MonotonicTime::FromDuration(absl::Hours(1));
};

TEST_F(AdmissionLedgerTest, FollowsAnImage) {
  AdmissionAsk three = Ask("a");
  three.images = 3;
  ledger_.Add(three, 3);
  EXPECT_EQ(ledger_.waiting(), 3);
  ledger_.Take(three, 1);
  EXPECT_EQ(ledger_.waiting(), 2);
  EXPECT_EQ(ledger_.executing(), 1);
  EXPECT_EQ(ledger_.Predict().wait, absl::Milliseconds(25)) << "half an image and two whole ones";
  EXPECT_EQ(ledger_.Predict().drain, absl::Milliseconds(30));
  ledger_.Remove(three, 2);
  ledger_.Finish(1);
  EXPECT_EQ(ledger_.waiting(), 0);
  EXPECT_EQ(ledger_.executing(), 0);
  EXPECT_EQ(ledger_.Predict().wait, absl::ZeroDuration());
}

TEST_F(AdmissionLedgerTest, CountsWhatRunsBefore) {
  const AdmissionAsk early = Ask("a", 100), late = Ask("a", 1000), bulk = Ask("a", 100, TaskClass::kBulk);
  ledger_.Add(early, 2);
  ledger_.Add(late, 4);
  EXPECT_EQ(ledger_.Decide(Ask("a", 50), now_).wait, absl::ZeroDuration());
  EXPECT_EQ(ledger_.Decide(Ask("a", 200), now_).wait, absl::Milliseconds(15));
  EXPECT_EQ(ledger_.Decide(Ask("a"), now_).wait, absl::Milliseconds(55));
  EXPECT_EQ(ledger_.Decide(bulk, now_).wait, absl::Milliseconds(55));
}

TEST_F(AdmissionLedgerTest, KeepsItsPromises) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Come(Ask("a", 60)), Kind::kAdmit) << i;
  // The sixth is answered after 55 ms, its worker being half through another; one that goes before it makes
  // that 65.
  EXPECT_EQ(Come(Ask("a", 59)), Kind::kOthersDeadline);
  EXPECT_EQ(Come(Ask("a", 64)), Kind::kDeadlineUnreachable);
  EXPECT_EQ(Come(Ask("a", 80)), Kind::kAdmit);
}

TEST_F(AdmissionLedgerTest, AGreedyClientLeavesRoomForOnesThatWereRefused) {
  while (Come(Ask("greedy")) == Kind::kAdmit) {
  }
  EXPECT_EQ(ledger_.waiting(), 8);
  EXPECT_EQ(Come(Ask("polite")), Kind::kNoPlace);
  // The queue drains, and the greedy client may not fill it again.
  for (int images = 8; images > 4; --images) {
    ledger_.Remove(Ask("greedy"), 1);
    EXPECT_EQ(Come(Ask("greedy")), Kind::kNotItsShare) << images;
  }
  EXPECT_EQ(ledger_.waiting(), 4);
  // However late the other comes within the time that it may have been told.
  now_ = now_ + absl::Milliseconds(10) * 8 * 1.5 + absl::Milliseconds(999);
  ledger_.Remove(Ask("greedy"), 1);
  EXPECT_EQ(Come(Ask("greedy")), Kind::kAdmit);
  EXPECT_EQ(Come(Ask("greedy")), Kind::kNotItsShare);
  EXPECT_EQ(Come(Ask("polite")), Kind::kAdmit);
}

TEST_F(AdmissionLedgerTest, AClientThatStaysAwayIsForgotten) {
  ledger_.Add(Ask("greedy"), 8);
  EXPECT_EQ(Come(Ask("polite")), Kind::kNoPlace);
  ledger_.Remove(Ask("greedy"), 1);
  now_ = now_ + absl::Milliseconds(10) * 8 * 1.5 + absl::Seconds(1);
  EXPECT_EQ(Come(Ask("greedy")), Kind::kAdmit);
}

TEST_F(AdmissionLedgerTest, WhoWaitsInLineIsExpectedForAsLongAsItWaits) {
  ledger_.Add(Ask("greedy"), 8);
  ledger_.BeginWait(Ask("polite"));
  EXPECT_EQ(ledger_.Consider(Ask("polite"), now_).kind, Kind::kNoPlace);
  ledger_.Remove(Ask("greedy"), 1);
  EXPECT_EQ(ledger_.Consider(Ask("greedy"), now_).kind, Kind::kNotItsShare);
  ledger_.EndWait(Ask("polite"));
  EXPECT_EQ(Come(Ask("greedy")), Kind::kAdmit);
}

TEST_F(AdmissionLedgerTest, ADeadlineThatNothingCanMeetTakesNoShare) {
  ledger_.ObserveServiceTime(absl::Milliseconds(10), now_);
  EXPECT_EQ(Come(Ask("hopeless", 9)), Kind::kDeadlineUnreachable);
  ledger_.Add(Ask("greedy"), 7);
  EXPECT_EQ(Come(Ask("greedy")), Kind::kAdmit);
}

TEST_F(AdmissionLedgerTest, ADeadlineIsTriedWhereNothingRunsAndTheTimeIsOld) {
  ledger_.ObserveServiceTime(absl::Milliseconds(10), now_);
  EXPECT_EQ(Decide(Ask("a", 9)), Kind::kDeadlineUnreachable);
  now_ = now_ + absl::Milliseconds(1001);
  EXPECT_EQ(Come(Ask("a", 9)), Kind::kAdmit);
  EXPECT_EQ(Decide(Ask("a", 9)), Kind::kDeadlineUnreachable) << "one at a time";
  ledger_.Take(Ask("a", 9), 1);
  EXPECT_EQ(Decide(Ask("a", 9)), Kind::kDeadlineUnreachable);
  ledger_.Finish(1);
  ledger_.ObserveServiceTime(absl::Milliseconds(2), now_);
  EXPECT_EQ(Decide(Ask("a", 9)), Kind::kAdmit) << "8 ms by now";
}

TEST_F(AdmissionLedgerTest, AnImageIsOutOfReachIfItTakesLongerThanIsLeft) {
  ledger_.ObserveServiceTime(absl::Milliseconds(10), now_);
  EXPECT_TRUE(ledger_.IsOutOfReach(now_ + absl::Microseconds(9999), now_));
  EXPECT_FALSE(ledger_.IsOutOfReach(now_ + absl::Milliseconds(10), now_));
  EXPECT_FALSE(ledger_.IsOutOfReach(MonotonicTime::InfiniteFuture(), now_));
  const MonotonicTime much_later = now_ + absl::Milliseconds(1001);
  EXPECT_FALSE(ledger_.IsOutOfReach(much_later + absl::Milliseconds(1), much_later)) << "the time is old";
}

TEST_F(AdmissionLedgerTest, AHundredThousandImagesMayWait) {
  AdmissionPolicy::Options options;
  options.queue_capacity = 1 << 17;
  AdmissionLedger ledger(options);
  ledger.SetServiceTime(absl::Nanoseconds(1));
  const auto at = [this](int i) { return Ask("a", 1000 + i % 997); };
  for (int i = 0; i < 1 << 17; ++i) {
    ASSERT_EQ(ledger.Decide(at(i), now_).kind, Kind::kAdmit);
    ledger.Add(at(i), 1);
  }
  EXPECT_EQ(ledger.Decide(Ask("a"), now_).kind, Kind::kNoPlace);
  EXPECT_EQ(ledger.waiting(), 1 << 17);
}

}  // namespace
}  // namespace edgenext::serving
